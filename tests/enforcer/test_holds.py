from dataclasses import replace

import pytest

from enforcer.holds import Hold, Holds
from tests.enforcer.machine import order


def hold(name, **more):
    due = more.pop("due", 100.0)
    return Hold(name, order("ask", rule="x", **more), due, 60.0, "deny")


@pytest.fixture
def holds():
    return Holds()


def test_a_question_is_open_until_it_is_closed(holds):
    one = hold("a")
    assert not holds.is_open(one)
    holds.add(one)
    assert holds.is_open(one)
    assert list(holds) == [one]
    holds.close(one)
    holds.close(one)  # answered twice at the same moment
    assert not holds.is_open(one)
    assert list(holds) == []


def test_a_question_knows_its_run_and_what_makes_another_one_the_same():
    assert hold("a").run == "run"
    assert hold("a").key == hold("b").key == ("run", 7, "x")
    assert len({hold("a").key, hold("a", key=8).key, hold("a", run="other").key}) == 3


def test_questions_of_a_run_and_the_same_question(holds):
    mine, same, other = hold("a"), hold("b", key=8), hold("c", run="other")
    for each in (mine, same, other):
        holds.add(each)
    assert holds.of_run("run") == [mine, same]
    assert holds.same(("run", 8, "x")) == same
    assert holds.same(("run", 8, "y")) is None
    assert holds.same(("run", 8, "x"), stopped=False) == same
    assert holds.same(("run", 8, "x"), stopped=True) is None


def test_who_was_not_answered_in_time(holds):
    early, late = hold("a", due=10.0), hold("b", due=20.0)
    holds.add(late)
    holds.add(early)
    assert holds.due(9.9) == []
    assert holds.due(10.0) == [early]
    assert holds.due(20.0) == [late, early]


def test_a_question_that_is_asked_again_stands_once(holds):
    holds.add(hold("a"))
    holds.add(replace(hold("a"), due=200.0))
    assert [each.due for each in holds] == [200.0]


def test_it_may_be_closed_while_it_is_looked_at(holds):
    for name in "abc":
        holds.add(hold(name))
    for each in holds:
        holds.close(each)
    assert list(holds) == []
