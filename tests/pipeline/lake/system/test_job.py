from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from pipeline.lake.errors import LakeError
from pipeline.lake.system import job


def test_structures_have_the_sizes_of_winnt_h():
    assert ctypes.sizeof(job.Limits) == 144
    assert ctypes.sizeof(job.Label) == 16


def test_a_worker_starts_nobody_and_has_a_bound_of_memory():
    found = job.limits(1 << 30, None, 2)
    assert (found.processes, found.process_memory, found.process_time) == (1, 1 << 30, 0)
    assert found.flags == 0x8 | 0x100 | 0x400


def test_processor_time_is_that_of_all_processors_with_some_to_spare():
    found = job.limits(1, 10, 4)
    assert found.process_time == 45 * 10_000_000
    assert found.flags & 0x2


@pytest.mark.parametrize(
    ("lowered", "wine", "unsafe", "held"),
    [(True, False, False, "a job, and low integrity"), (False, True, False, "a job; Wine has no integrity levels"), (False, False, True, "a job")],
)  # fmt: skip
def test_what_holds_it_is_said(monkeypatch, lowered, wine, unsafe, held):
    prepare(monkeypatch, lowered=lowered, wine=wine)
    assert job.confine(Path("/"), memory=1, seconds=1, unsafe=unsafe) == held


def test_a_worker_that_could_change_the_lake_is_refused(monkeypatch):
    prepare(monkeypatch, lowered=False, wine=False)
    with pytest.raises(LakeError, match="could change the lake"):
        job.confine(Path("/"), memory=1, seconds=1, unsafe=False)


def prepare(monkeypatch, *, lowered, wine):
    monkeypatch.setattr(job, "_into_job", lambda _: None)
    monkeypatch.setattr(job, "_lowered", lambda: lowered)
    monkeypatch.setattr(job, "_is_wine", lambda: wine)


@pytest.mark.skipif(sys.platform == "win32", reason="says what other systems answer")
def test_elsewhere_there_is_no_such_library():
    with pytest.raises(OSError, match="only Windows has it"):
        job._library("kernel32")
