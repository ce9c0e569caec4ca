from __future__ import annotations

import ctypes

import pytest

from enforcer.interface import GuardRefusal
from enforcer.windows import api, process
from enforcer.windows.identity import process_key

CREATED = 134_000_000_000_000_000
KEY = process_key(8, CREATED)


@pytest.fixture
def machine(windows, target):
    """One process, pid 8, that lives until it is ended."""
    state = {"ended": False, "terminated": 0}

    def times(_handle, created, *_):
        target(created, ctypes.c_uint64).value = CREATED
        return 1

    def terminate(_handle, _code):
        state["ended"] = True
        state["terminated"] += 1
        return 1

    windows |= {
        "OpenProcess": lambda _access, _inherit, pid: 64 if pid == 8 else 0,
        "GetProcessTimes": times,
        "WaitForSingleObject": lambda _handle, _ms: 0 if state["ended"] else 0x102,
        "TerminateProcess": terminate,
    }
    return state


def test_process_is_ended_once_and_its_handle_is_the_proof(machine):
    assert process.alive(8, KEY)
    assert process.wait_gone(8, KEY, 0) is None
    assert process.kill_process(8, KEY, 1).confirmed
    assert not process.alive(8, KEY)
    assert process.wait_gone(8, KEY, 0).confirmed
    assert process.kill_process(8, KEY, 1).enforcement == "failed"
    assert machine["terminated"] == 1


def test_used_pid_is_a_stranger_and_left_alone(machine):
    with pytest.raises(GuardRefusal):
        process.kill_process(8, KEY + 1, 1)
    assert machine["terminated"] == 0
    assert process.wait_gone(8, KEY + 1, 0).confirmed


def test_end_that_is_not_reported_in_time_is_not_confirmed(machine, windows):
    windows["TerminateProcess"] = lambda *_: 1
    assert process.kill_process(8, KEY, 0).enforcement == "unverified"


def test_process_that_may_not_be_opened_is_no_proof_of_an_end(machine, monkeypatch):
    def denied(*_):
        raise PermissionError(api.ACCESS_DENIED, "denied")

    monkeypatch.setattr(api, "call", denied)
    assert process.alive(8, KEY)
    assert process.wait_gone(8, KEY, 0) is None
    assert process.kill_process(8, KEY, 0).enforcement == "failed"


def test_pids_that_name_nobody_are_not_opened():
    for pid in (0, -1):
        with pytest.raises(ProcessLookupError), process.opened(pid):
            pass
