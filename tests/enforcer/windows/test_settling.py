from __future__ import annotations

import os

import pytest

from enforcer.interface import GuardRefusal, Outcome
from enforcer.windows import settling
from enforcer.windows.settling import Deed, Run, rejoin
from enforcer.windows.suspension import Halt
from enforcer.windows.tree import Member

CREATED = 134_000_000_000_000_000


class Machine:
    """Processes by key, suspensions that are in effect, and jobs by handle."""

    def __init__(self):
        self.alive, self.halted, self.jobs, self.did, self.below = {}, set(), {}, [], []
        self.sturdy = set()

    def job(self, handle):
        machine = self

        class Job:
            def kill(self):
                machine.did.append(f"kill {handle}")
                machine.jobs[handle] = []

            def pids(self):
                return machine.jobs[handle]

            def set_fail(self, fail):
                machine.did.append(f"{fail} {handle}")

            def close(self):
                machine.did.append(f"close {handle}")

        return Job()

    def undo(self, halt):
        if halt.key not in self.sturdy:
            self.halted.discard(halt.key)
        return halt.key not in self.sturdy

    def kill_process(self, pid, key, _timeout):
        if self.alive.get(key) != pid:
            raise GuardRefusal("another one")
        self.did.append(f"end {pid}")
        if key not in self.sturdy:
            del self.alive[key]


@pytest.fixture
def machine(monkeypatch):
    made = Machine()
    monkeypatch.setattr(settling, "Job", made.job)
    monkeypatch.setattr(settling.suspension, "undo", made.undo)
    monkeypatch.setattr(settling.process, "alive", lambda pid, key: made.alive.get(key) == pid)
    monkeypatch.setattr(settling.process, "kill_process", made.kill_process)
    monkeypatch.setattr(settling.tree, "look", lambda _known: made.below)
    return made


@pytest.fixture
def noted():
    return []


def halted(run, machine, *keys):
    for key in keys:
        run.halts[key] = Halt(key, key, 0)
        machine.halted.add(key)


def test_a_run_that_fails_open_goes_on_and_may_start_processes_again(machine, noted):
    machine.jobs[64] = [1, 2]
    run = Run("r1", "open", job=64, theirs=9)
    halted(run, machine, 1, 2)
    assert Deed(run, "release", "Lictor had died").step(noted.append)
    assert machine.halted == set()
    assert machine.did == ["open 64"]
    (row,) = noted
    assert (row.run, row.what, row.enforcement) == ("r1", "release", "confirmed")
    assert row.evidence == (
        "Lictor had died; suspensions that Lictor had made or was about to make: 2; no thread is suspended by Lictor any more"
    )
    assert run.halts == {}


def test_one_that_stays_suspended_is_tried_again_and_told_of_in_the_end(machine, noted, monkeypatch):
    run = Run("r1", "open")
    halted(run, machine, 1)
    machine.sturdy = {1}
    deed = Deed(run, "release", "why")
    assert not deed.step(noted.append)
    assert noted == []
    monkeypatch.setattr(settling.time, "monotonic", lambda: deed._late + 1)
    assert deed.step(noted.append)
    assert noted[0].enforcement == "failed"


def test_a_run_with_a_job_is_ended_by_it(machine, noted):
    machine.jobs[64], machine.alive = [1], {}
    assert Deed(Run("r1", "open", job=64), "kill", "why").step(noted.append)
    assert machine.did == ["kill 64"]
    assert "TerminateJobObject; no process that is known of it runs" in noted[0].evidence


def test_of_a_run_without_a_job_each_is_ended_with_those_below_but_never_the_keeper(machine, noted):
    run = Run("r1", "closed")
    run.known = {10: 1}
    inside = Member(2, CREATED)
    machine.alive = {10: 1, inside.key: 2}
    machine.below = [inside, Member(os.getpid(), CREATED)]
    assert Deed(run, "kill", "why").step(noted.append)
    assert machine.did == ["end 1", "end 2"]
    assert "each process was ended by its handle" in noted[0].evidence


def test_a_pid_that_is_anothers_by_now_is_not_touched(machine, noted):
    run = Run("r1", "closed", theirs=9)
    run.known = {10: 1}
    machine.alive = {11: 1}
    assert Deed(run, "kill", "why").step(noted.append)
    assert machine.did == []
    assert "the system ended its job with Lictor's handle" in noted[0].evidence


def test_a_handle_is_borrowed_only_where_there_is_none_and_lictor_has_one(machine, monkeypatch):
    asked = []
    monkeypatch.setattr(settling.api, "copy", lambda *a: asked.append(a) or 64)
    machine.jobs[64] = []
    for run in (Run("a", "closed"), Run("b", "open", job=64, theirs=9)):
        run.borrow(7)
    assert asked == []
    run = Run("c", "closed", theirs=9)
    run.borrow(7)
    assert asked == [(9, 0, 7)]
    run.kill()
    run.close()
    run.close()
    assert machine.did == ["kill 64", "close 64"]


def test_a_handle_that_lictor_has_no_more_is_none(machine, monkeypatch):
    def gone(*_):
        raise OSError("no such handle")

    monkeypatch.setattr(settling.api, "copy", gone)
    run = Run("c", "closed", theirs=9)
    run.borrow(7)
    assert run.job is None


class Block:
    name = "lictor-r1"

    def __init__(self, count):
        self._count = count

    def count(self):
        if self._count is None:
            raise OSError("denied")
        return self._count

    def join(self):
        return Outcome("confirmed", "no rule lictor-r1 is left")


@pytest.mark.parametrize(
    ("fail", "count", "told"),
    [
        ("open", 0, None),
        ("closed", 0, None),
        ("open", 2, ("join", "confirmed", "no rule lictor-r1 is left")),
        ("closed", 2, ("isolate", "confirmed", "2 block rules lictor-r1 are kept")),
        ("open", None, ("join", "failed", "cannot be read: denied")),
    ],
)
def test_rules_go_with_a_run_that_fails_open_and_are_said_to_stay_with_another(
    machine, noted, monkeypatch, fail, count, told
):
    monkeypatch.setattr(settling, "ProgramBlock", lambda _run, _programs: Block(count))
    rejoin(Run("r1", fail), noted.append)
    if told is None:
        assert noted == []
    else:
        (row,) = noted
        assert (row.what, row.enforcement) == told[:2]
        assert told[2] in row.evidence
