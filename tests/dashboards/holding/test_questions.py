"""Open questions: their order, what may be decided of each, and what a viewer does not see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.hiding import HIDDEN
from dashboards.holding import questions
from dashboards.interface import Role
from dashboards.parts import deeds
from tests.dashboards.holding.conftest import HOSTILE, held, live


def only(row):
    return questions.question(row)


def test_the_most_urgent_question_comes_first(looking, orders):
    looking()
    orders.questions = [held("a" * 32), held("b" * 32, left=3.0), held("c" * 32, left=None)]
    assert [q.hold[0] for q in questions.ask().questions] == ["c", "b", "a"]


def test_only_runs_that_ask_nothing_are_listed_as_isolated(looking, orders):
    looking()
    orders.questions = [held(run="r1")]
    orders.runs = [live("r1", isolated=True), live("r2", isolated=True), live("r3")]
    assert [row["run"] for row in questions.ask().isolated] == ["r2"]


def test_without_a_way_to_services_and_where_one_is_broken_that_is_the_reason(looking, orders):
    looking(deeds=None)
    assert "without a way to the services" in questions.ask().why
    looking()
    orders.broken = "the service does not answer"
    assert questions.ask() == questions.Waiting(why="the service does not answer")


def test_a_viewer_sees_what_is_asked_but_no_content(looking, orders):
    orders.questions = [held()]
    looking(Role.viewer)
    (asked,) = questions.ask().questions
    assert (asked.cmdline, asked.change) == (HIDDEN, HIDDEN)
    assert (asked.object, asked.left, asked.pid) == ("/home/dev/.ssh/id", 541.2, 42)
    looking(Role.analyst)
    assert questions.ask().questions[0].cmdline == "cat /home/dev/.ssh/id"


@pytest.mark.parametrize(
    ("row", "labels"),
    [
        (held(), ["Release", "Release for the run", "Deny", "Kill"]),
        (held(operation="net.connect", object="203.0.113.9:443"), ["Release", "Release for the run", "Deny", "Kill"]),
        (held(operation=None, object=None), ["Thaw", "Kill"]),
    ],
)
def test_what_may_be_decided(row, labels):
    possible = questions.possible(only(row))
    assert [d.label for d in possible] == labels
    assert [d.label for d in possible if d.reason] == ["Kill"]
    assert {d.role for d in possible} == {Role.responder}


@pytest.mark.parametrize(
    ("label", "order"),
    [
        ("Release", ("release", "a" * 32, "why", "ann", False)),
        ("Release for the run", ("release", "a" * 32, "why", "ann", True)),
        ("Deny", ("deny", "a" * 32, "why", "ann", False)),
        ("Kill", ("kill", "a" * 32, "why", "ann", False)),
    ],
)
def test_each_decision_is_about_this_question_and_recorded_before_and_after(looking, orders, journal, label, order):
    looking()
    deed = next(d for d in questions.possible(only(held())) if d.label == label)
    done, line = deeds.carried_out(deed, "why")
    assert done
    assert "confirmed: 3 of 3 processes" in line
    assert orders.told == [order]
    assert [(r["phase"], r["agent_run"], r["note"]) for r in journal.acts("order")] == [
        ("intent", "r1", "why"), ("result", "r1", "why"),
    ]  # fmt: skip
    assert {r["object"] for r in journal.acts("order")} == {
        f"{order[0]} {'a' * 32}{' for the run' if order[4] else ''}"
    }


def test_what_the_service_refuses_is_shown_in_its_words_and_recorded(looking, orders, journal):
    looking()
    orders.refuse = "the agent runs as ann, and the same user may not decide for it"
    assert deeds.carried_out(questions.possible(only(held()))[0], "") == (False, orders.refuse)
    assert [r.get("outcome") for r in journal.acts("order")] == [None, "failure"]


@pytest.mark.parametrize("role", [Role.viewer, Role.analyst])
def test_whoever_is_no_responder_decides_nothing(looking, orders, journal, role):
    looking(role)
    done, line = deeds.carried_out(questions.possible(only(held()))[0], "")
    assert not done
    assert "needs the role responder" in line
    assert (orders.told, journal.rows) == ([], [])


def test_giving_the_network_back_is_an_order_about_the_run(looking, orders):
    looking()
    deeds.carried_out(questions.give_back("r2"), "")
    assert orders.told == [("release", "r2", None, "ann", False)]


@pytest.mark.parametrize(
    ("row", "end"),
    [
        (held(), "the process that asks is ended, the run goes on"),
        (held(then="release"), "it is let through"),
        (held(then="kill"), "every process of the run is ended"),
        (held(then="deny", operation="net.connect"), "it goes on without the connection"),
        (held(then="release", operation="net.send"), "its next try passes, for a minute"),
        (held(then="release", operation=None), "the run goes on"),
        (held(then=None), "what its policy says happens"),
    ],
)
def test_what_happens_when_the_time_is_up(row, end):
    assert only(row).end == end


def test_nothing_of_an_agent_reaches_a_dialog_as_it_is():
    row = held(operation="file.read", object=HOSTILE, rule=HOSTILE)
    for deed in questions.possible(only(row)):
        assert not set(deed.says) & set("\n\x1b\u202e")


@given(st.floats(0, 10**6))
def test_the_clock_tells_whole_seconds(left):
    *hours, minutes, seconds = map(int, questions.remaining(left).split(":"))
    assert (hours[0] if hours else 0) * 3600 + minutes * 60 + seconds == int(left)
    assert max(seconds, minutes if hours else 0) < 60


def test_the_clock_stops_at_nothing():
    assert questions.remaining(-5) == "0:00"
    assert questions.remaining(3661) == "1:01:01"
