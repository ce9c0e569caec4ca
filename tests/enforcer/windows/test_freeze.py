from __future__ import annotations

import contextlib

import pytest

from enforcer.windows import process, snapshot, suspension
from enforcer.windows.freeze import Freezer


@pytest.fixture
def machine(windows, monkeypatch):
    """Counts suspensions of each process, as the system does; a handle is the pid."""
    counts: dict[int, int] = {}

    @contextlib.contextmanager
    def opened(pid, _access=0):
        if pid not in counts:
            raise ProcessLookupError(pid)
        yield pid

    def change(by):
        def do(pid):
            counts[pid] += by
            return 0

        return do

    monkeypatch.setattr(process, "opened", opened)
    monkeypatch.setattr(process, "created", lambda handle: 134_000_000_000_000_000 + handle)
    monkeypatch.setattr(process, "wait_ended", lambda _handle, _timeout: False)
    monkeypatch.setattr(snapshot, "threads", lambda: {pid: [pid] for pid in counts})
    monkeypatch.setattr(suspension, "is_suspended", lambda tid: counts[tid] > 0)
    monkeypatch.setattr(suspension, "depth", lambda handle: counts[handle])
    windows |= {"NtSuspendProcess": change(1), "NtResumeProcess": change(-1)}
    return counts


def test_each_is_suspended_once_however_often_it_is_asked_for(machine):
    machine |= {8: 0, 12: 0}
    freezer = Freezer(lambda: list(machine))
    assert freezer.freeze(1)
    assert freezer.freeze(1)
    assert machine == {8: 1, 12: 1}
    assert freezer.thaw()
    assert machine == {8: 0, 12: 0}


def test_who_turns_up_meanwhile_is_suspended_too(machine):
    machine |= {8: 0, 12: 0, 16: 0}
    looks = [[8], [8, 12], [8, 12, 16]]
    freezer = Freezer(lambda: looks.pop(0) if looks[1:] else looks[0])
    assert freezer.freeze(1)
    assert machine == {8: 1, 12: 1, 16: 1}


def test_group_that_goes_on_growing_is_not_called_frozen(machine):
    def grow():
        machine[4 * len(machine) + 8] = 0
        return list(machine)

    assert not Freezer(grow).freeze(0.02)


def test_thread_that_runs_is_no_proof(machine, monkeypatch):
    machine |= {8: 0}
    monkeypatch.setattr(suspension, "is_suspended", lambda _tid: False)
    assert not Freezer(lambda: [8]).freeze(1)


def test_suspension_by_somebody_else_stays(machine):
    machine |= {8: 1}
    freezer = Freezer(lambda: [8])
    assert freezer.freeze(1)
    assert freezer.thaw()
    assert machine == {8: 1}


def test_who_ended_meanwhile_is_not_missed(machine):
    machine |= {8: 0, 12: 0}
    freezer = Freezer(lambda: list(machine))
    assert freezer.freeze(1)
    del machine[12]
    assert freezer.thaw()


def test_each_suspension_is_told_before_it_is_made_with_the_depth_before(machine):
    machine |= {8: 0, 12: 1}
    freezer, told = Freezer(lambda: list(machine)), []
    freezer.tell = lambda halt: told.append((halt.pid, halt.before, machine[halt.pid]))
    assert freezer.freeze(1)
    assert told == [(8, 0, 0), (12, 1, 1)]
    assert [halt.pid for halt in freezer.halts] == [8, 12]
    assert freezer.thaw()
    assert freezer.halts == []


def test_who_was_resumed_by_somebody_else_is_not_resumed_once_more(machine):
    machine |= {8: 2}
    freezer = Freezer(lambda: [8])
    assert freezer.freeze(1)
    machine[8] = 2
    assert freezer.thaw()
    assert machine == {8: 2}
