from __future__ import annotations

import numpy as np

from collectors.etw.identity import process_keys, start_keys


def test_pid_time_and_boot_each_make_another_process():
    pids, times = np.arange(4, 4000, 4), np.repeat(133_000_000_000_000_000, 999)
    one = process_keys("a", times, pids)
    assert (
        len({*one.tolist(), *process_keys("a", times + 1, pids).tolist(), *process_keys("b", times, pids).tolist()})
        == 3 * 999
    )
    assert (one == process_keys("a", times, pids)).all()


def test_start_keys_are_no_creation_times():
    same = np.array([5], np.uint64)
    assert start_keys("a", same)[0] != process_keys("a", same.view(np.int64), np.array([0]))[0]
