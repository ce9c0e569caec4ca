"""Setting a status: its row, who may, notes, and what somebody else has set meanwhile."""

from __future__ import annotations

import threading

import pytest

from dashboards.findings import triage
from dashboards.findings.triage import Standing
from dashboards.interface import DashboardError, Role

NEW = Standing("f1", "r1", "new", None)
SEEN = Standing("f2", "r1", "false_positive", "c140000fa")


def test_a_status_is_a_row_that_says_what_was_before(looking, journal):
    looking()
    assert triage.put([NEW], "acknowledged", " look at it ") == []
    assert journal.rows == [{
        "account": "ann", "role": "analyst", "act": "triage", "outcome": "success", "page": "findings", "object": "f1", "agent_run": "r1",
        "status": "acknowledged", "note": "look at it", "detail": {"was": "new", "seen": None},
    }]  # fmt: skip


def test_several_get_a_row_each(looking, journal):
    looking()
    assert triage.put([NEW, SEEN], "resolved", "") == []
    assert [(r["object"], r["note"], r["detail"]["was"]) for r in journal.rows] == [
        ("f1", None, "new"), ("f2", None, "false_positive"),
    ]  # fmt: skip


@pytest.mark.parametrize("row", [None, "c130000ac"])
def test_what_was_set_meanwhile_is_told_and_nothing_is_written(looking, journal, row):
    looking()
    stale = Standing("f2", "r1", "new", row)
    found = triage.put([NEW, stale], "resolved", "")
    assert journal.rows == []
    assert [(c.standing, c.account, c.note) for c in found] == [(SEEN, "cem", "a test of ours")]
    assert triage.put([NEW, found[0].standing], "resolved", "") == []
    assert len(journal.rows) == 2


@pytest.mark.parametrize("status", ["false_positive", "risk_accepted"])
def test_a_judgement_without_a_note_is_refused(looking, journal, status):
    looking()
    with pytest.raises(DashboardError, match="needs a note"):
        triage.put([NEW], status, "  ")
    assert journal.rows == []


def test_a_viewer_may_not_and_a_responder_may(looking, journal):
    looking(Role.viewer)
    with pytest.raises(DashboardError, match="needs the role analyst"):
        triage.put([NEW], "resolved", "")
    assert journal.rows == []
    looking(Role.responder)
    triage.put([NEW], "resolved", "")
    assert len(journal.rows) == 1


def test_too_many_at_once_are_refused(looking, journal):
    looking()
    with pytest.raises(DashboardError, match="at most 200"):
        triage.put([NEW] * 201, "resolved", "")
    assert journal.rows == []


def test_where_the_journal_ends_the_rest_is_not_set_and_the_number_is_told(looking, journal, monkeypatch):
    looking()
    write = journal.write

    def second_fails(*args, **columns):
        if journal.rows:
            raise DashboardError("disk full")
        write(*args, **columns)

    monkeypatch.setattr(journal, "write", second_fails)
    with pytest.raises(DashboardError, match="1 of 2 were set, then: disk full"):
        triage.put([NEW, SEEN], "resolved", "")


def test_nobody_sets_anything_between_the_look_and_the_row(looking, journal, monkeypatch):
    looking()
    inside, most = [], []
    look = triage._changed

    def slow(seen):
        inside.append(1)
        most.append(len(inside))
        threading.Event().wait(0.02)
        found = look(seen)
        inside.pop()
        return found

    monkeypatch.setattr(triage, "_changed", slow)
    people = [threading.Thread(target=triage.put, args=([NEW], "resolved", "")) for _ in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert most == [1, 1, 1, 1]
    assert len(journal.rows) == 4
