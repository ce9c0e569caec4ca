"""What a service answers, with a made-up enforcement: who may decide what about which run."""

from __future__ import annotations

import pytest

from enforcer.holds import Hold, Holds
from enforcer.interface import Order, Outcome
from lictor.control.messages import Request
from lictor.control.peers import Peer
from lictor.enforcing.answering import HELD, Answering

ROOT = Peer(0, 1, "root", member=True)
DONE = Outcome("confirmed", "seen")


class Ladder:
    def __init__(self):
        self.holds, self.cut = Holds(), set()

    def is_cut(self, run):
        return run in self.cut


class Enforcement:
    def __init__(self):
        self.ladder, self.did = Ladder(), []

    def request(self, hold):
        return {
            "time": 1_790_000_000_000_000,
            "agent": "codex",
            "object": hold.order.object,
            "rule": hold.order.rule,
            "secret": "not shown",
        }

    def decide(self, hold, decision):
        self.did.append((decision.then, hold.id, decision.actor, decision.why))
        self.ladder.holds.close(hold)
        return DONE

    def order(self, order):
        self.did.append((order.action, order.run, order.actor, order.rule))
        return DONE


class Installing:
    def __init__(self):
        self.excused = []

    def excuse(self, live, rule, until):
        self.excused.append((live.id, rule, until))


@pytest.fixture
def parts(live):
    return Enforcement(), Installing(), {live.id: live}


@pytest.fixture
def answering(parts):
    enforcement, installing, runs = parts
    return Answering(runs, enforcement, installing)


@pytest.fixture
def hold(parts, live):
    order = Order("ask", live.id, live.root_key, live.root_pid, object="/x", rule="keys")
    made = Hold("abc123", order, due=1e12, seconds=300.0, then="deny", operation="file.read", stopped=True)
    parts[0].ladder.holds.add(made)
    return made


def test_held_shows_what_stands_in_the_list_of_columns(answering, hold):
    answer = answering.answer(Request("held"), ROOT)
    (row,) = answer["rows"]
    assert answer["ok"]
    assert list(row) == list(HELD)
    assert (row["hold"], row["run"], row["object"]) == ("abc123", "run-1", "/x")
    assert row["left"] > 0
    assert row["since"] == "2026-09-21T14:13:20+00:00"


@pytest.mark.usefixtures("hold")
def test_whoever_owns_the_run_sees_it_and_strangers_do_not(answering, live):
    assert answering.answer(Request("held"), Peer(live.uid, 1, "alice"))["rows"]
    assert answering.answer(Request("held"), Peer(4242, 1, "mallory"))["rows"] == []
    assert answering.answer(Request("status"), Peer(4242, 1, "mallory"))["rows"] == []
    assert answering.answer(Request("status"), ROOT)["rows"][0]["held"] == 1


@pytest.mark.parametrize("name", ["abc", "run-1", "run"])
@pytest.mark.parametrize("do", ["release", "deny"])
@pytest.mark.usefixtures("hold")
def test_a_decision_goes_by_the_question_or_the_run(answering, parts, do, name):
    answer = answering.answer(Request(do, name, "because"), ROOT)
    assert answer == {
        "ok": True,
        "rows": [{"id": "abc123", "deed": do, "enforcement": "confirmed", "evidence": "seen"}],
    }
    assert parts[0].did == [(do, "abc123", "root", "because")]
    assert parts[1].excused == []


@pytest.mark.usefixtures("hold")
def test_a_kill_answers_the_question_too(answering, parts):
    answering.answer(Request("kill", "run-1"), ROOT)
    assert parts[0].did == [("kill", "abc123", "root", None)]


@pytest.mark.parametrize("do", ["kill", "freeze", "isolate"])
def test_an_order_on_a_run_is_carried_out_under_the_persons_name(answering, parts, do):
    assert answering.answer(Request(do, "run", "look"), ROOT)["ok"]
    assert parts[0].did == [(do, "run-1", "root", "by hand: look")]


def test_order_from_the_dashboard_says_whose_click_it_was(answering, parts):
    answering.answer(Request("freeze", "run", "look", account="ann"), ROOT)
    answering.answer(Request("isolate", "run", account="ann"), ROOT)
    assert [did[-1] for did in parts[0].did] == ["by hand (dashboard: ann): look", "by hand (dashboard: ann)"]


@pytest.mark.usefixtures("hold")
def test_decision_from_the_dashboard_says_whose_click_it_was(answering, parts, monkeypatch):
    decisions = []
    monkeypatch.setattr(parts[0], "decide", lambda _, decision: decisions.append(decision) or DONE)
    answering.answer(Request("release", "abc", account="ann"), ROOT)
    answering.answer(Request("release", "abc"), ROOT)
    assert [(d.actor, d.account) for d in decisions] == [("root", "ann"), ("root", None)]


def test_a_release_of_an_isolated_run_joins_it(answering, parts):
    parts[0].ladder.cut.add("run-1")
    assert answering.answer(Request("release", "run-1"), ROOT)["ok"]
    assert parts[0].did == [("join", "run-1", "root", "by hand")]


@pytest.mark.parametrize("peer", [Peer(0, 1, "root", agent=True, member=True), Peer(4242, 1, "mallory"), "same"])
@pytest.mark.parametrize("do", ["release", "deny", "kill", "freeze", "isolate"])
@pytest.mark.usefixtures("hold")
def test_agents_strangers_and_the_agents_own_user_decide_nothing(answering, parts, live, do, peer):
    peer = Peer(live.uid, 1, "alice", member=True) if peer == "same" else peer
    answer = answering.answer(Request(do, "run-1"), peer)
    assert not answer["ok"]
    assert answer["error"]
    assert parts[0].did == []


def test_an_excuse_comes_before_the_run_goes_on(answering, parts, hold):
    answering.answer(Request("release", "abc", for_run=True), ROOT)
    ((run, rule, until),) = parts[1].excused
    assert (run, rule) == (hold.run, "keys")
    assert until > 2**61


def test_a_connection_is_excused_for_its_next_try(answering, parts, live):
    order = Order("ask", live.id, live.root_key, live.root_pid, object="192.0.2.1:25", rule="out")
    parts[0].ladder.holds.add(Hold("net1", order, 1e12, 300.0, "deny", "net.connect", stopped=True))
    answering.answer(Request("release", "net1"), ROOT)
    ((_, rule, until),) = parts[1].excused
    assert rule == "out"
    assert until < 2**61


@pytest.mark.parametrize(("do", "name"), [("deny", "zzz"), ("kill", "zzz"), ("release", "zzz"), ("release", "run-1")])
def test_what_is_not_there_is_told(answering, do, name):
    answer = answering.answer(Request(do, name), ROOT)
    assert not answer["ok"]
    assert name in answer["error"]


def test_a_run_that_was_frozen_by_hand_has_nothing_to_deny(answering, parts, live):
    order = Order("freeze", live.id, live.root_key, live.root_pid, actor="root")
    parts[0].ladder.holds.add(Hold("by-hand", order, 1e12, 300.0, "kill"))
    answer = answering.answer(Request("deny", "run-1"), ROOT)
    assert not answer["ok"]
    assert "frozen by hand" in answer["error"]
    assert parts[0].did == []
