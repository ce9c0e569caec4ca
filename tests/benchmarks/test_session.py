"""Rings in memory behave as the kernel's, and a recorded session comes back in its own order."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from benchmarks import load
from benchmarks.session import MemoryRing, Session, record
from collectors.kernel.decode import view
from collectors.kernel.records import EVENT, STRIDE


def rows(count, first=0):
    made = np.zeros(count, EVENT)
    made["seq"] = np.arange(first, first + count)
    return made.view(np.uint8).reshape(-1, STRIDE)


def test_what_is_put_in_is_drained_also_around_the_end():
    memory, taken = MemoryRing(64 * STRIDE), []
    for first in range(0, 500, 50):
        memory.put(rows(50, first))
        assert memory.ring.waiting() == 50
        taken += view(memory.ring.drain())["seq"].tolist()
    assert taken == list(range(500))


def test_more_than_fits_is_refused():
    memory = MemoryRing(64 * STRIDE)
    with pytest.raises(AssertionError):
        memory.put(rows(65))


def test_batches_walk_through_the_session_in_order_of_time():
    events, priority = rows(4), rows(2, 10)
    view(events)["time"], view(priority)["time"] = [1, 3, 4, 6], [2, 5]
    session = Session(events, priority, rows(0), "boot")
    files, urgent = session.batch(9, begin=3, now=1000)
    assert view(files)["seq"].tolist() == [2, 3, 0, 1, 2, 3]
    assert view(urgent)["seq"].tolist() == [11, 10, 11]
    together = sorted([*view(files)["time"].tolist(), *view(urgent)["time"].tolist()])
    assert together == list(range(1000, 10_000, 1000))


@pytest.mark.kernel
def test_a_real_session_holds_what_it_did(tmp_path):
    if shutil.which("cc") is None:
        pytest.skip("the load generator needs a C compiler (apt install gcc)")
    session = record(tmp_path, load.compiled(tmp_path))
    assert len(session.events) > 20_000
    assert len(session.priority) > 100
    assert len(session.strings) > 500
