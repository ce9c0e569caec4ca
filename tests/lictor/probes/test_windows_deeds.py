"""What the doctor says of each deed, by made-up machines; that the deeds themselves are done is tested under Wine."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from collectors.interface import CollectorError
from enforcer.interface import KeeperError, Outcome
from lictor.probes import windows_deeds as deeds
from lictor.probes.check import FAIL, OK, WARN


@pytest.fixture
def child(monkeypatch):
    """Function: a job with process 7 that answers like this."""

    def make(**answers):
        defaults = {"pids": lambda: [7], "kill": lambda: None, "wait_empty": lambda _: True,
                    "freeze": lambda _: True, "thaw": lambda _: True}  # fmt: skip

        @contextmanager
        def block():
            yield SimpleNamespace(**(defaults | answers)), 7, 70

        monkeypatch.setattr(deeds, "_child", block)
        monkeypatch.setattr(deeds.process, "wait_gone", lambda *_: Outcome("confirmed", "gone"))

    return make


@pytest.mark.parametrize(
    ("answers", "state"), [({}, OK), ({"pids": lambda: [7, 8]}, FAIL), ({"wait_empty": lambda _: False}, FAIL)]
)
def test_a_job_is_believed_by_its_list(child, answers, state):
    child(**answers)
    assert deeds.job().state == state


@pytest.mark.parametrize(
    ("answers", "state"), [({}, OK), ({"freeze": lambda _: False}, FAIL), ({"thaw": lambda _: False}, FAIL)]
)
def test_standing_still_and_going_on_are_both_needed(child, answers, state):
    child(**answers)
    assert deeds.suspend().state == state


class Keeper:
    """Told of a halt, it undoes it, or it does not; or it is lost."""

    def __init__(self, lost=None):
        self.lost, self.told, self.closed = lost, [], False

    def look(self):
        if self.lost:
            raise KeeperError(self.lost)

    def close(self):
        self.closed = True

    def __getattr__(self, name):
        return lambda *arguments: self.told.append((name, *arguments))


@pytest.mark.parametrize(
    ("lost", "still", "made", "state"),
    [
        (None, True, False, OK),
        (None, False, False, FAIL),
        (None, True, True, FAIL),
        ("keeper 4 has ended", True, False, FAIL),
    ],
)
def test_a_keeper_counts_when_it_let_a_process_go_on_and_was_there_to_the_end(
    child, monkeypatch, lost, still, made, state
):
    beside, listeners = Keeper(lost), []
    monkeypatch.setattr(deeds.Keeper, "start", lambda _log: beside)
    monkeypatch.setattr(deeds, "is_made", lambda _halt: made)
    monkeypatch.setattr(deeds, "_PATIENCE_S", 0.05)
    child(freeze=lambda _: listeners[0]("halt") or still, tell=listeners.append, halts=["halt"])
    assert deeds.keeper().state == state
    assert [name for name, *_ in beside.told] == ["add", "lease", "halt"]
    assert beside.closed


def test_a_keeper_that_cannot_be_started_is_said(child, monkeypatch):
    def refused(_log):
        raise KeeperError("cannot start the keeper")

    child()
    monkeypatch.setattr(deeds.Keeper, "start", refused)
    assert deeds.keeper().found == "cannot start the keeper"


@pytest.mark.parametrize(("cut", "join", "state"), [(True, True, OK), (False, True, WARN), (True, False, WARN)])
def test_a_rule_must_have_been_there_and_be_gone(monkeypatch, cut, join, state):
    told = {True: Outcome("confirmed", "read back"), False: Outcome("failed", "not there")}
    block = SimpleNamespace(cut=lambda: told[cut], join=lambda: told[join])
    monkeypatch.setattr(deeds, "ProgramBlock", lambda *_: block)
    assert deeds.firewall().state == state


class Trace:
    started = None

    def __init__(self, *_):
        self.stopped = False

    def start(self):
        if Trace.started is not None:
            raise Trace.started

    def stop(self):
        return SimpleNamespace(events=0)


@pytest.mark.parametrize(
    ("reason", "refused", "seen", "state"),
    [("no pywintrace", None, True, WARN), (None, CollectorError("access denied"), True, WARN), (None, None, False, WARN), (None, None, True, OK)],
)  # fmt: skip
def test_a_session_counts_when_it_told_of_an_own_process(monkeypatch, reason, refused, seen, state):
    monkeypatch.setattr(deeds.tracing, "installed", lambda: reason)
    monkeypatch.setattr(deeds.tracing, "Trace", Trace)
    monkeypatch.setattr(Trace, "started", refused)
    monkeypatch.setattr(deeds, "_tells_of", lambda *_: seen)
    assert deeds.session().state == state


def test_a_start_is_known_by_its_id_and_the_pid_in_its_payload():
    data = np.array([0, 0, 0, 0, 7, 0, 0, 0], np.uint8)
    records = np.array([(2, 4), (1, 0), (1, 4)], [("id", np.int64), ("start", np.int64)])
    inbox = SimpleNamespace(take=lambda: SimpleNamespace(records=records, data=data))
    assert deeds._has(inbox, 7)
    assert not deeds._has(inbox, 9)
