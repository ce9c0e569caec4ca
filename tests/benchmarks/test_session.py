"""The session that the benchmarks replay is a real one, and a ring in memory is read like the kernel's."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from benchmarks import load, session
from collectors.ebpf.collector import OBJECT
from collectors.ebpf.decode import view
from pipeline import schema


def rows(times) -> np.ndarray:
    raw = np.zeros((len(times), 128), np.uint8)
    view(raw)["time"] = times
    return raw


def test_a_ring_in_memory_gives_what_was_put_across_its_end():
    ring = session.MemoryRing(1 << 16)
    seen = []
    for begin in range(0, 2000, 400):
        ring.put(rows(range(begin, begin + 400)))
        seen += view(ring.ring.drain())["time"].tolist()
    assert seen == list(range(2000))
    assert ring.ring.waiting() == 0


def test_a_batch_goes_round_and_its_clock_goes_on():
    recorded = session.Session(rows([1, 4]), rows([2]), rows([]), "boot")
    events, urgent = recorded.batch(7, 0, 1000)
    times = sorted(view(events)["time"].tolist() + view(urgent)["time"].tolist())
    assert times == [1000 + 1000 * i for i in range(7)]
    assert len(urgent) == 2


@pytest.mark.kernel
@pytest.mark.skipif(os.geteuid() != 0, reason="loading eBPF programs needs root")
@pytest.mark.skipif(not OBJECT.exists(), reason="the kernel sensor is not built (make sensor)")
@pytest.mark.skipif(shutil.which("cc") is None, reason="the load generator needs a C compiler")
def test_session_holds_work_of_every_class(tmp_path):
    recorded = session.record(tmp_path, load.compiled(tmp_path))
    classes = {
        schema.CLASSES[c] for c in np.unique(view(np.concatenate([recorded.events, recorded.priority]))["class"])
    }
    assert {"process", "file", "network"} <= classes
    assert len(recorded.events) >= 20_000  # the flood's own number
    assert len(recorded.strings) >= 500  # one name for each of its files
