from __future__ import annotations

import ctypes

import pytest

from enforcer.windows import api, job
from enforcer.windows.structures import ExtendedLimits, pid_list


@pytest.fixture
def system(windows, target, monkeypatch):
    """The limits that were set, and the members that the system lists."""
    state = {"limits": [], "members": [], "asked": 0}

    def set_limits(_handle, kind, pointer, size):
        assert (kind, size) == (9, ctypes.sizeof(ExtendedLimits))
        basic = target(pointer, ExtendedLimits).basic
        state["limits"].append((basic.flags, basic.active_processes))
        return 1

    def query(_handle, _kind, pointer, size, _needed):
        state["asked"] += 1
        room = (size - 8) // 8
        found = target(pointer, pid_list(room))
        members = state["members"]
        found.assigned, found.listed = len(members), min(len(members), room)
        for number, pid in enumerate(members[:room]):
            found.pids[number] = pid
        return int(len(members) <= room)

    windows |= {
        "CreateJobObjectW": lambda *_: 64, "SetInformationJobObject": set_limits, "QueryInformationJobObject": query,
        "AssignProcessToJobObject": lambda *_: 1,
    }  # fmt: skip
    monkeypatch.setattr(api, "last_error", lambda: api.MORE_DATA)
    return state


@pytest.mark.parametrize(("fail", "flags"), [("open", 0), ("closed", job.KILL_ON_CLOSE)])
def test_policy_decides_what_the_last_handle_does_and_nobody_breaks_away(system, fail, flags):
    job.Job(fail=fail)
    assert system["limits"] == [(flags, 0)]
    assert not flags & 0x1800  # BREAKAWAY_OK, SILENT_BREAKAWAY_OK


def test_list_longer_than_the_room_is_asked_for_again(system):
    system["members"] = list(range(4, 4 * 2000, 4))
    assert job.Job().pids() == system["members"]
    assert system["asked"] > 1


def test_empty_is_what_the_system_says(system):
    made = job.Job()
    assert made.wait_empty(0)
    system["members"] = [8]
    assert not made.wait_empty(0.01)


def test_limit_of_a_frozen_job_is_lifted_before_one_is_put_in(system, monkeypatch):
    made = job.Job(fail="closed")
    system["members"] = [8, 12]
    monkeypatch.setattr(made._freezer, "freeze", lambda _timeout: True)
    assert made.freeze(1)
    assert system["limits"][-1] == (job.KILL_ON_CLOSE | job.MOST_PROCESSES, 2)
    made.take(99)
    assert system["limits"][-1] == (job.KILL_ON_CLOSE, 0)


def test_a_job_by_a_handle_is_left_as_it_stands_and_its_limit_can_be_lifted(system):
    made = job.Job(handle=99)
    assert (made.handle, system["limits"]) == (99, [])
    made.set_fail("open")
    assert system["limits"] == [(0, 0)]


def test_whoever_listens_is_told_of_its_suspensions(system, monkeypatch):
    made, told = job.Job(), []
    made.tell(told.append)
    made._freezer.tell("halt")
    assert told == ["halt"]
    assert made.halts == []
