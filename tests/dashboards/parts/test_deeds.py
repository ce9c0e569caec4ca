"""An act of a person: refused without the role, a row before it and a row after it, and the truth about its effect."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import context, who
from dashboards.interface import Account, DashboardError, Ports, Role
from dashboards.parts import deeds
from tests.dashboards.conftest import Orders, Remembering


@pytest.fixture
def stage_():
    state = {"account": Account("cem", Role.responder, "local"), "journal": Remembering(), "orders": Orders()}
    context.install(Ports(None, state["journal"], state["orders"]))
    who.recognise_by(lambda: state["account"])
    yield state
    context._installed.clear()
    who._known.clear()


KILL = deeds.on_run("kill", "Kill", ":material/dangerous:", "r1", "End every process of run r1.", reason=True)


def rows(state):
    return [
        (r["act"], r["phase"], r.get("outcome"), r["object"], r["agent_run"], r["note"]) for r in state["journal"].rows
    ]


def test_it_is_written_before_and_after(stage_):
    assert deeds.carried_out(KILL, "wrong repository") == (True, "kill r1: confirmed: 3 of 3 processes")
    assert stage_["orders"].told == [("kill", "r1", "wrong repository", "cem", False)]
    assert rows(stage_) == [
        ("order", "intent", None, "kill r1", "r1", "wrong repository"), ("order", "result", "success", "kill r1", "r1", "wrong repository"),
    ]  # fmt: skip


def test_without_the_role_nothing_is_done_and_nothing_intended(stage_):
    stage_["account"] = Account("ben", Role.analyst, "local")
    done, line = deeds.carried_out(KILL, "x")
    assert not done
    assert "needs the role responder" in line
    assert stage_["orders"].told == []
    assert rows(stage_) == []


def test_what_cannot_be_recorded_is_not_done(stage_, monkeypatch):
    def broken(*_, **__):
        raise DashboardError("the disk is full")

    monkeypatch.setattr(stage_["journal"], "write", broken)
    assert deeds.carried_out(KILL, "x") == (False, "the disk is full")
    assert stage_["orders"].told == []


def test_a_refusal_is_told_in_the_services_words(stage_):
    stage_["orders"].refuse = "the agent's own user decides nothing"
    assert deeds.carried_out(KILL, "x") == (False, "the agent's own user decides nothing")
    assert [r[1:3] for r in rows(stage_)] == [("intent", None), ("result", "failure")]


@pytest.mark.parametrize("seen", ["failed", "unverified"])
def test_what_is_not_proven_is_not_called_done(stage_, seen):
    stage_["orders"].enforcement = seen
    done, line = deeds.carried_out(KILL, "x")
    assert not done
    assert seen in line
    assert rows(stage_)[-1][2] == "failure"


def page():
    from dashboards.parts import deeds as own  # noqa: PLC0415 - AppTest runs this function's text by itself

    own.bar([own.on_run("kill", "Kill", ":material/dangerous:", "r1", "End\nall", reason=True)], "act")


def test_the_first_click_does_nothing_but_ask(stage_):
    at = AppTest.from_function(page).run()
    at.button[0].click().run()
    assert [t.value for t in at.text] == ["End\\nall"]
    assert next(b for b in at.button if b.key.endswith("_do"))
    assert stage_["orders"].told == []
    assert rows(stage_) == []


def test_the_second_click_does_it_and_closes_the_dialog(stage_):
    at = AppTest.from_function(page).run()
    at.button[0].click().run()
    at.text_input[0].input("wrong repository").run()
    next(b for b in at.button if b.key.endswith("_do")).click().run()
    assert stage_["orders"].told == [("kill", "r1", "wrong repository", "cem", False)]
    assert not at.text_input
    assert not deeds_open(at)


def test_without_its_reason_it_stays_open_and_says_so(stage_):
    at = AppTest.from_function(page).run()
    at.button[0].click().run()
    next(b for b in at.button if b.key.endswith("_do")).click().run()
    assert "Give a reason" in at.error[0].value
    assert deeds_open(at)
    assert stage_["orders"].told == []


def deeds_open(at):
    return "_act_asked" in at.session_state


def test_who_may_not_sees_why(stage_):
    stage_["account"] = Account("ben", Role.analyst, "local")
    at = AppTest.from_function(page).run()
    assert at.button[0].disabled
    assert at.button[0].help == "Needs the role responder"


def shown():
    import streamlit as st  # noqa: PLC0415 - AppTest runs this function's text by itself

    from dashboards.parts import deeds as own  # noqa: PLC0415 - as above

    st.session_state.setdefault("_act_told", ("act_Kill", False, "kill r1: failed: 2 of 3\nleft"))
    own.told("act_")
    own.told("other_")
    own.bar([own.on_run("kill", "Kill", ":material/dangerous:", "r1", "End all")], "act")


def test_what_came_of_it_stays_until_it_is_read(stage_):
    at = AppTest.from_function(shown).run()
    at.run()
    assert at.error
    assert [c.value for c in at.code] == ["kill r1: failed: 2 of 3\\nleft"]
