from __future__ import annotations

import json

import pytest

from enforcer.interface import GuardRefusal
from enforcer.settled import Settled
from enforcer.windows import journal


def line(told):
    return json.dumps(told).encode() + b"\n"


def add(fail="open"):
    return line({"do": "add", "run": "r1", "fail": fail, "job": 1, "theirs": 2})


def halt(pid, run="r1"):
    return line({"do": "halt", "run": run, "pid": pid, "key": pid * 10, "before": 0})


def word(do):
    return line({"do": do, "run": "r1"})


def deed(enforcement):
    return Settled(5, "r1", "release", enforcement, "why").line()


@pytest.mark.parametrize(
    ("text", "pids"),
    [
        (add(), []),
        (add() + halt(8) + halt(12), [8, 12]),
        (add() + halt(8) + add() + halt(8), [8]),
        (add() + halt(8) + word("clear") + halt(12), [12]),
        (add() + halt(8) + word("drop"), []),
        (add() + halt(8) + deed("confirmed"), []),
        (add() + halt(8) + deed("failed"), [8]),
        (b"x\n[]\n{}\n" + halt(8) + halt(12)[:-9], [8]),
    ],
)
def test_what_was_neither_cleared_nor_settled_is_left(text, pids):
    found = journal.left(text)
    assert [one.pid for run in found.values() for one in run.halts.values()] == pids


class Processes:
    """Which pids stand still, and which of those cannot be helped."""

    def __init__(self):
        self.still, self.sturdy, self.did = set(), set(), []

    def is_made(self, halt):
        if halt.pid in self.sturdy:
            raise PermissionError("may not be opened")
        return halt.pid in self.still

    def undo(self, halt):
        self.did.append(("undo", halt.pid))
        self.still.discard(halt.pid)
        return halt.pid not in self.sturdy

    def alive(self, pid, _key):
        return pid in self.still

    def kill_process(self, pid, _key, _timeout):
        self.did.append(("kill", pid))
        self.still.discard(pid)
        raise GuardRefusal("another process by now")


@pytest.fixture
def machine(monkeypatch):
    made = Processes()
    monkeypatch.setattr(journal.suspension, "is_made", made.is_made)
    monkeypatch.setattr(journal.suspension, "undo", made.undo)
    monkeypatch.setattr(journal.process, "kill_process", made.kill_process)
    monkeypatch.setattr(journal.process, "alive", made.alive)
    return made


def settle(tmp_path, text):
    log = tmp_path / "log"
    log.write_bytes(text)
    return [(row.run, row.what, row.enforcement) for row in journal.settle(log)]


@pytest.mark.parametrize(("fail", "does", "what"), [("open", "undo", "release"), ("closed", "kill", "kill")])
def test_who_still_stands_still_goes_on_or_is_ended_and_others_are_left_alone(machine, tmp_path, fail, does, what):
    machine.still = {8}
    assert settle(tmp_path, add(fail) + halt(8) + halt(12)) == [("r1", what, "confirmed")]
    assert machine.did == [(does, 8)]
    assert settle(tmp_path, add(fail) + halt(8) + halt(12)) == []


def test_one_that_may_not_be_looked_at_counts_as_failed(machine, tmp_path):
    machine.still, machine.sturdy = {8}, {12}
    assert settle(tmp_path, halt(8) + halt(12)) == [("r1", "release", "failed")]
    assert machine.did == [("undo", 8), ("undo", 12)]


def test_a_log_that_is_not_there_leaves_nothing(tmp_path):
    assert journal.settle(tmp_path / "none") == []


def test_a_line_of_the_log_is_written_whole_and_a_full_disk_ends_nothing(windows):
    written = []
    windows["WriteFile"] = lambda handle, data, size, *_: written.append((handle, data[:size])) or 1
    journal.write(64, b"gone\n")
    assert written == [(64, b"gone\n")]
    windows["WriteFile"] = lambda *_: 0
    journal.write(64, b"gone\n")
