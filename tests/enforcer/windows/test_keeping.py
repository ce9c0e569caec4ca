from __future__ import annotations

import ctypes
import json
import time
from _queue import SimpleQueue
from typing import ClassVar

import pytest

from enforcer.settled import from_log
from enforcer.windows import keeping
from enforcer.windows.keeping import DEATH, END, Keeping
from enforcer.windows.suspension import Halt


class Run:
    """Writes down what is done to it."""

    made: ClassVar = []

    def __init__(self, name, fail, *, job=0, theirs=0):
        self.name, self.fail, self.job, self.theirs = name, fail, job, theirs
        self.known, self.halts, self.did = {}, {}, []
        Run.made.append(self)

    def __getattr__(self, name):
        def do(*arguments):
            self.did.append((name, *arguments))
            return True

        return do


@pytest.fixture
def keeper(monkeypatch):
    """A keeper; what it writes down is its ``noted``, and which runs it rejoined its ``rejoined``."""
    monkeypatch.setattr(Run, "made", [])
    monkeypatch.setattr("enforcer.windows.settling.Run", Run)
    monkeypatch.setattr(keeping, "Run", Run)
    written, rejoined = [], []
    monkeypatch.setattr(keeping, "rejoin", lambda run, _note: rejoined.append(run.name))
    made = Keeping(written.append, 7)
    made.written, made.rejoined = written, rejoined
    return made


def noted(keeper):
    return list(from_log(b"".join(keeper.written)))


def add(run="r1", fail="open", job=64):
    return {"do": "add", "run": run, "fail": fail, "job": job, "theirs": 9}


def lease(seconds, run="r1", then="release"):
    return {"do": "lease", "run": run, "until": keeping._now() + int(seconds * 1e9), "then": then}


def halt(pid=8, run="r1", before=0):
    return {"do": "halt", "run": run, "pid": pid, "key": pid * 10, "before": before}


def said(*told):
    return b"".join(json.dumps(one).encode() + b"\n" for one in told)


def heard(*pieces):
    queue = SimpleQueue()
    for piece in pieces:
        queue.put(piece)
    return queue


def test_nothing_known_means_to_wait_for_ever(keeper):
    assert keeper._wait_s() is None


@pytest.mark.parametrize(("seconds", "low", "high"), [(0.3, 0.2, 0.3), (-1, 0, 0), (3600, 1, 1)])
def test_a_lease_is_waited_for_but_a_second_at_most(keeper, seconds, low, high):
    keeper.hear(lease(seconds))
    assert low <= keeper._wait_s() <= high


def test_goodbye_is_no_death_and_a_line_may_come_in_pieces(keeper):
    text = said(add(), {"do": "goodbye"})
    assert keeper.listen(heard(text[:5], text[5:50], text[50:]))
    assert list(keeper.known) == ["r1"]


@pytest.mark.parametrize("end", [END, DEATH])
def test_the_end_of_the_pipe_and_of_the_process_are_a_death(keeper, end):
    assert not keeper.listen(heard(said(add()), end))


def test_what_was_said_right_before_the_death_counts(keeper):
    assert not keeper.listen(heard(said(add()), DEATH, said(halt()), END))
    assert keeper.known["r1"].halts == {80: Halt(8, 80, 0)}


def test_a_pipe_that_never_ends_is_not_waited_for_after_the_death(keeper):
    begun = time.monotonic()
    assert not keeper.listen(heard(said(add()), DEATH))
    assert time.monotonic() - begun < 5


def test_a_bad_line_ends_nothing(keeper):
    bad = b'x\n[1]\n{"do": "halt", "run": "nobody", "pid": 1, "key": 2, "before": 0}\n{"do": "add", "run": "r0"}\n'
    keeper.listen(heard(bad, said(add()), END))
    assert list(keeper.known) == ["r1"]


def test_a_run_that_is_told_of_again_keeps_its_suspensions_and_members(keeper):
    keeper.hear(add(job=0))
    keeper.hear({"do": "also", "run": "r1", "pids": "8 80 12 120"})
    keeper.hear(halt())
    keeper.hear(add())
    run = keeper.known["r1"]
    assert (run.job, run.known, run.halts) == (64, {80: 8, 120: 12}, {80: Halt(8, 80, 0)})
    assert Run.made[0].did == [("close",)]


@pytest.mark.parametrize("word", ["clear", "drop"])
def test_a_run_that_goes_on_has_no_lease_and_nothing_to_be_undone(keeper, word):
    for told in (add(), lease(0), halt(), {"do": word, "run": "r1"}):
        keeper.hear(told)
    assert keeper.leases == {}
    assert Run.made[0].halts == {}
    assert ("r1" in keeper.known) == (word == "clear")
    assert (("close",) in Run.made[0].did) == (word == "drop")


@pytest.mark.parametrize(("then", "does"), [("release", "release"), ("kill", "kill")])
def test_a_lease_that_is_up_is_carried_out_once_also_where_it_was_told_before_its_run(keeper, then, does):
    for told in (lease(0, then=then), add(), halt()):
        keeper.hear(told)
    keeper._step()
    assert [name for name, *_ in Run.made[0].did] == ["borrow", does, "has_ended" if does == "kill" else "goes_on"]
    (row,) = noted(keeper)
    assert (row.what, row.enforcement) == (then, "confirmed")
    assert "its lease was up" in row.evidence
    assert keeper.leases == keeper.deeds == {}


def test_a_lictor_that_comes_back_to_a_run_ends_what_is_being_done_about_it(keeper):
    keeper.hear(add())
    Run.made[0].goes_on = lambda: False
    keeper.hear(lease(0))
    keeper._step()
    assert keeper._wait_s() <= keeping._LONGEST_PAUSE_S
    keeper.hear(lease(60))
    assert keeper.deeds == {}


def test_after_the_death_each_run_ends_as_it_fails_and_the_firewall_comes_last(keeper):
    for told in (add(), add("r2", "closed", 0), lease(3600)):
        keeper.hear(told)
    keeper.settle()
    assert [(row.run, row.what) for row in noted(keeper)] == [("r1", "release"), ("r2", "kill")]
    assert keeper.rejoined == ["r1", "r2"]


def test_the_program_hears_its_input_and_ends_with_the_goodbye(windows, target):
    pieces = [said(add(job=0)), said({"do": "goodbye"})]

    def read(pipe, buffer, _size, got, _overlapped):
        assert pipe == 60
        piece = pieces.pop(0) if pieces else b""
        ctypes.memmove(buffer, piece, len(piece))
        target(got, ctypes.c_uint32).value = len(piece)
        return int(bool(piece))

    windows |= {
        "GetStdHandle": lambda _which: 60, "ReadFile": read, "WaitForSingleObject": lambda _handle, _ms: time.sleep(30),
    }  # fmt: skip
    keeping.main(64, 68)
    assert pieces == []
