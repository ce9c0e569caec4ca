"""Each action has an intent and a result, each question ends or waits, with a change that the policy itself gives."""

from __future__ import annotations

import pytest

from tools.sampling import acting, asides, judging, moving


@pytest.fixture(scope="module")
def acted(runs):
    run = next(r for r in runs if r.goes_on and r.policy == "careful")
    session = moving.recorded(run.sample)
    return judging.judged(asides.beside(moving.moved(session, run), run), run).acted, run


def test_intent_and_result_share_an_id(acted):
    rows = list(acting.actions(*acted))
    assert len(rows) == 2 * len(acted[0])
    assert len({r["id"] for r in rows}) == len(acted[0])
    for intent, result in zip(rows[::2], rows[1::2], strict=True):
        assert (intent["phase"], result["phase"]) == ("intent", "result")
        assert intent["id"] == result["id"]
        assert intent["time"] < result["time"]
        assert result["evidence"]


def test_questions_are_those_that_hold_and_the_last_one_waits(acted, now):
    actions = {r["id"]: r for r in acting.actions(*acted)}
    rows = [row for table, row in acting.requests(*acted, now) if table == "requests"]
    held = [e for e in acted[0] if e["verdict"] in judging.HELD]
    assert len({r["id"] for r in rows}) == len(held)
    assert {r["id"] for r in rows} <= actions.keys()
    assert rows[-1]["state"] == "waiting"
    assert rows[-1]["until"] > now
    assert all(r["because"] for r in rows)


def test_the_change_excepts_what_was_asked_for(acted, now):
    rows = [row for table, row in acting.requests(*acted, now) if table == "requests"]
    address = rows[-1]["object"].rpartition(":")[0]
    assert address in rows[-1]["change"]
    assert "/etc/lictor/policies/careful.yaml" in rows[-1]["change"]


def test_a_release_is_an_action_of_its_own(acted, now):
    made = list(acting.requests(*acted, now))
    released = [row for table, row in made if table == "requests" and row["state"] == "released"]
    orders = [row for table, row in made if table == "actions"]
    assert {r["decided_by"] for r in released} == {r["actor"] for r in orders}
    assert {r["action"] for r in orders} <= {"release"}
    assert {r["id"] for r in orders}.isdisjoint(r["id"] for r in released)
