import os
import subprocess
import sys
import uuid

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.identity import process_key_from_proc
from enforcer import books
from enforcer import ladder as module
from enforcer.decisions import Decision
from enforcer.interface import Limits, Outcome, RunHandle
from enforcer.ladder import PROOF_SECONDS, Ladder
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.enforcer import LinuxEnforcer
from enforcer.selection import MANY
from pipeline import schema
from tests.enforcer.machine import Machine, batch, connect, exit_row, order, pairs, process, results, story


class Told(Machine):
    """A made-up machine with a ladder on it, and with all that the ladder told: alarms, questions, answers, rows."""

    def __init__(self):
        super().__init__()
        self.alarms, self.asked, self.decided, self.warned, self.journal = [], [], [], [], []
        self.handles = {"run": self.handle(), "audit": self.handle("audit", enforce=False)}
        self.ladder = self.new()

    def new(self, **more):
        return Ladder(
            self, self.handles.get, lambda: int(self.now * 1e9), host="h", boot_id="b", monotonic=lambda: self.now,
            alarm=lambda order, outcome: self.alarms.append((order.action, outcome.evidence)), held=self.asked.append,
            decided=lambda hold, decision, outcome: self.decided.append((hold.id, decision, outcome)), **more,
        )  # fmt: skip

    def left(self):
        return list(self.ladder.holds)

    def wait(self, seconds):
        """Let time pass, with ticks; rows that came."""
        parts, end = [], self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 0.5)
            parts.append(self.ladder.tick())
        return parts


@pytest.fixture
def machine():
    return Told()


@pytest.fixture
def ladder(machine):
    return machine.ladder


def states(part):
    return [(r.get("action"), r.get("enforced_at"), r.get("enforcement")) for r in part.to_pylist()]


INTENT = ("intent", "deny", "kernel", None)


def test_nothing_to_do_returns_the_same_batch(ladder, machine):
    part = batch({"verdict": "allow", "enforced_at": "none"}, exit_row())
    after, actions = ladder.act(part)
    assert after is part
    assert actions is None
    assert ladder.tick() is None
    assert machine.calls == []


@pytest.mark.parametrize("verdict", [v for v in schema.VERDICTS if v not in {"allow", "audit"}])
def test_an_act_by_nobody_known_is_answered_for_by_nobody(ladder, machine, verdict):
    unseen = {"process_key": None, "pid": None, "verdict": verdict, "enforced_at": "none"}
    after, actions = ladder.act(batch(unseen, unseen))
    assert states(after) == [("kill", "userspace", "failed")] * 2
    assert results(actions) == [("kill", "failed")]
    assert machine.calls == []
    assert [action for action, _ in machine.alarms] == ["kill"]
    assert machine.left() == []


# Stopped by the kernel: file and exec


@pytest.mark.parametrize("operation", ["file.read", "exec"])
def test_kernel_kill_is_confirmed_by_the_exit_in_the_same_batch(ladder, machine, operation):
    after, actions = ladder.act(batch({"operation": operation}, exit_row()))
    assert story(actions) == [INTENT, ("result", "deny", "kernel", "confirmed")]
    assert "signal 9" in pairs(actions)[1]["evidence"]
    assert states(after) == [("deny", "kernel", "confirmed"), (None, "none", None)]
    assert machine.calls == []
    assert ladder.pending == 0


def test_kernel_kill_is_confirmed_by_an_exit_that_came_before_on_the_other_ring(ladder):
    ladder.act(batch(exit_row()))
    assert story(ladder.act(batch({}))[1])[1] == ("result", "deny", "kernel", "confirmed")


def test_kernel_kill_is_confirmed_by_an_exit_in_a_later_batch(ladder):
    after, first = ladder.act(batch({}))
    assert story(first) == [INTENT]
    assert states(after) == [("deny", "kernel", "unverified")]
    assert ladder.pending == 1
    _, second = ladder.act(batch(exit_row()))
    assert story(second) == [("result", "deny", "kernel", "confirmed")]
    pairs(first, second)


def test_kernel_kill_is_confirmed_by_proc(ladder, machine):
    machine.dead.add(7)
    after, actions = ladder.act(batch({}))
    assert story(actions)[1][3] == "confirmed"
    assert "/proc shows it gone" in pairs(actions)[1]["evidence"]
    assert states(after) == [("deny", "kernel", "confirmed")]


def test_one_that_ended_by_itself_was_not_stopped_and_nobody_else_pays(ladder, machine):
    machine.dead.add(7)
    _, actions = ladder.act(batch({}, exit_row(signal=None, status=0)))
    assert story(actions) == [INTENT, ("result", "deny", "kernel", "failed")]
    assert machine.calls == []


def test_one_that_lives_on_is_climbed_for_rung_by_rung(ladder, machine):
    """Kernel, process, freeze, isolate, run; a run that could not be frozen is let go on for the next rung."""
    machine.immortal |= {7, "run"}
    machine.never.add("freeze")
    machine.failing.add("cut")
    parts = [ladder.act(batch({}))[1]]
    machine.now += PROOF_SECONDS / 2
    assert ladder.tick() is None
    parts += machine.wait(5 * PROOF_SECONDS)
    rows = pairs(*parts)
    assert [row["action"] for row in rows if row["phase"] == "intent" and row["action"] != "release"] == [
        "deny", "kill", "freeze", "isolate", "kill",
    ]  # fmt: skip
    assert {row["enforcement"] for row in rows if row["phase"] == "result" and row["action"] != "release"} == {"failed"}
    assert [call[0] for call in machine.calls] == ["process", "freeze", "cut", "run", "thaw"]
    assert machine.frozen == set()
    assert [action for action, _ in machine.alarms] == ["deny", "kill", "freeze", "isolate", "kill"]
    machine.now += 100
    assert ladder.tick() is None


def test_nobody_climbs_for_a_run_of_which_nobody_is_left(ladder, machine):
    machine.immortal.add(7)
    machine.failing.add("freeze")
    machine.tagged = {8}
    machine.dead.add(8)
    ladder.act(batch({"enforced_at": "none"}))
    machine.wait(3 * PROOF_SECONDS)
    assert [call[0] for call in machine.calls] == ["process", "freeze"]


def test_climbing_stops_at_the_rung_that_works(ladder, machine):
    ladder.act(batch({}))
    machine.now += PROOF_SECONDS
    assert [row[3] for row in story(ladder.tick())] == ["failed", None, "confirmed"]
    assert machine.calls == [("process", 7)]


def test_waiting_for_proofs_of_a_batch_is_bounded(ladder, machine):
    before = machine.now
    ladder.act(batch(*({"process_key": key, "pid": key} for key in range(1, 200))))
    assert machine.now - before <= module.SETTLE_SECONDS + 1e-6
    middle = machine.now
    ladder.act(batch({"process_key": 1, "pid": 1}))  # seen before: not waited for again
    assert machine.now == middle


def test_a_file_operation_refused_inline_needs_no_death(ladder):
    after, actions = ladder.act(batch({"errno": 1}))
    assert story(actions) == [INTENT, ("result", "deny", "kernel", "confirmed")]
    assert states(after) == [("deny", "kernel", "confirmed")]
    assert ladder.pending == 0


def test_a_row_without_a_process_stays_unverified(ladder):
    _, actions = ladder.act(batch({"pid": None}))
    assert story(actions)[1][3] == "unverified"


# Stopped by the kernel: network


def test_network_refusal_is_confirmed_by_errno(ladder, machine):
    after, actions = ladder.act(batch(connect(1)))
    assert story(actions) == [INTENT, ("result", "deny", "kernel", "confirmed")]
    row = pairs(actions)[1]
    assert row["object"] == "10.0.0.1:443"
    assert "EPERM" in row["evidence"]
    assert states(after) == [("deny", "kernel", "confirmed")]
    assert machine.calls == []


def test_network_refusal_that_went_through_escalates(ladder, machine):
    after, actions = ladder.act(batch(connect(0)))
    assert [row[3] for row in story(actions)] == [None, "failed", None, "confirmed"]
    assert machine.calls == [("process", 7)]
    assert states(after) == [("deny", "kernel", "failed")]


def test_a_leak_is_not_hidden_by_a_refusal_of_the_same_object(ladder, machine):
    ladder.act(batch(connect(1)))
    assert machine.calls == []
    ladder.act(batch(connect(0)))
    assert machine.calls == [("process", 7)]


def test_network_refusal_with_unknown_result_is_unverified(ladder, machine):
    assert story(ladder.act(batch(connect(None)))[1])[1][3] == "unverified"
    assert machine.calls == []


# Judged in user space


def test_user_space_deny_kills_the_process(ladder, machine):
    after, actions = ladder.act(batch({"enforced_at": "none"}))
    assert story(actions) == [("intent", "kill", "userspace", None), ("result", "kill", "userspace", "confirmed")]
    assert states(after) == [("kill", "userspace", "confirmed")]
    assert machine.calls == [("process", 7)]


def test_a_slow_end_is_seen_in_the_same_batch_where_it_comes_in_time(ladder, machine):
    machine.slow.add("process")
    after, actions = ladder.act(batch({"enforced_at": "none"}))
    assert states(after) == [("kill", "userspace", "confirmed")]
    assert pairs(actions)[1]["evidence"] == "signalled; /proc shows it gone"


def test_too_late_is_a_failure_and_does_not_climb(ladder, machine):
    machine.dead.add(7)
    after, actions = ladder.act(batch({"enforced_at": "none"}))
    assert story(actions)[1][3] == "failed"
    assert machine.calls == [("process", 7)]
    assert states(after) == [("kill", "userspace", "failed")]


def test_a_second_demand_on_a_process_that_we_ended_is_no_failure(ladder):
    _, actions = ladder.act(batch({"enforced_at": "none"}, {"enforced_at": "none", "path": "/other"}))
    first, _, _, second = rows = pairs(actions)
    assert [row["enforcement"] for row in rows] == [None, "confirmed", None, "confirmed"]
    assert second["evidence"] == f"the process was ended by action {first['id']}"


def test_demands_on_processes_of_a_run_that_we_killed_are_no_failures(ladder, machine):
    _, first = ladder.act(batch({"verdict": "kill", "enforced_at": "none"}))
    machine.dead.add(8)
    _, second = ladder.act(batch({"enforced_at": "none", "process_key": 8, "pid": 80}))
    assert pairs(second)[1]["evidence"] == f"the process was ended by action {pairs(first)[0]['id']}"


def test_a_refusal_of_the_guard_is_a_failure_that_does_not_climb(ladder, machine):
    machine.refused.add(7)
    _, actions = ladder.act(batch({"enforced_at": "none"}))
    assert pairs(actions)[1]["evidence"] == "protected"
    assert machine.calls == [("process", 7)]


@pytest.mark.parametrize("run", ["stranger", None])
def test_what_belongs_to_no_known_run_is_not_touched(ladder, machine, run):
    for verdict in ("deny", "kill"):
        _, actions = ladder.act(batch({"enforced_at": "none", "agent_run": run, "verdict": verdict}))
        assert story(actions)[1][3] == "failed"
        assert "not touched" in pairs(actions)[1]["evidence"]
    assert machine.calls == []


# The whole run


@pytest.mark.parametrize("enforced_at", ["none", "kernel"])
def test_verdict_kill_ends_the_run_once(ladder, machine, enforced_at):
    rows = [{"verdict": "kill", "enforced_at": enforced_at, "path": f"/{n}"} for n in range(5)]
    after, actions = ladder.act(batch(*rows))
    assert story(actions) == [("intent", "kill", "userspace", None), ("result", "kill", "userspace", "confirmed")]
    at = "kernel" if enforced_at == "kernel" else "userspace"
    assert states(after) == [("kill", at, "confirmed")] * 5
    assert machine.calls == [("run", "run")]


def test_a_run_that_lives_on_is_killed_again_at_the_next_demand(ladder, machine):
    ladder.act(batch({"verdict": "kill", "enforced_at": "none"}))
    ladder.act(batch({"verdict": "kill", "enforced_at": "none", "process_key": 9, "pid": 90}))
    assert machine.calls == [("run", "run")] * 2


def test_kill_of_a_run_is_given_up_with_a_row(ladder, machine):
    machine.immortal.add("run")
    _, first = ladder.act(batch({"verdict": "kill", "enforced_at": "none"}))
    machine.now += PROOF_SECONDS
    second = ladder.tick()
    assert [row["enforcement"] for row in pairs(first, second)] == [None, "failed"]
    assert pairs(first, second)[1]["evidence"] == "cgroup.kill written; no proof of it within 2 s"


# Audit, floods, order of rows


def test_audit_mode_writes_nothing(ladder, machine):
    part = batch(
        {"agent_run": "audit", "enforced_at": "none"}, {"agent_run": "audit", "verdict": "kill", "enforced_at": "none"}
    )
    after, actions = ladder.act(part)
    assert after is part
    assert actions is None
    assert machine.calls == []


def test_audit_and_enforce_rows_in_one_batch(ladder):
    after, _ = ladder.act(batch({"agent_run": "audit", "enforced_at": "none"}, {}, exit_row()))
    assert states(after) == [(None, "none", None), ("deny", "kernel", "confirmed"), (None, "none", None)]


def test_a_flood_of_the_same_denial_is_one_action(ladder):
    flood = pa.Table.from_batches([batch({})]).take(pa.array([0] * 100_000)).combine_chunks().to_batches()[0]
    parts = [ladder.act(flood)[1] for _ in range(3)]
    parts.append(ladder.act(batch(exit_row()))[1])
    assert len(pairs(*parts)) == 2


def test_a_slow_scan_gets_rows_up_to_a_bound(ladder):
    """Ports one after the other, so that no single batch is a crowd."""
    parts = []
    for port in range(1, 200):
        after, actions = ladder.act(batch(connect(1, dst_port=port)))
        assert states(after) == [("deny", "kernel", "confirmed")]
        parts.append(actions)
    rows = pairs(*parts)
    assert len(rows) == 2 * (module._OBJECTS + 1)
    assert rows[0]["object"] == "10.0.0.1:1"
    assert rows[-1]["object"] == MANY
    assert ladder._crowded == {7}
    leak = ladder.act(batch(connect(0, dst_port=1)))[1]
    assert [row[3] for row in story(leak)] == [None, "failed", None, "confirmed"]


def test_a_fast_scan_is_one_action_and_hides_no_leak(ladder, machine):
    scan = [connect(1, dst_port=port) for port in range(8192)]
    after, actions = ladder.act(batch(*scan))
    assert set(states(after)) == {("deny", "kernel", "confirmed")}
    assert [row["object"] for row in pairs(actions)] == [MANY, MANY]
    assert machine.calls == []
    after, actions = ladder.act(batch(*scan, connect(0, dst_port=9000)))
    assert [row[3] for row in story(actions)] == [None, "failed", None, "confirmed"]
    assert states(after)[-1] == ("deny", "kernel", "failed")
    assert machine.calls == [("process", 7)]


def test_memory_is_bounded_over_many_processes(ladder, monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED", 10)
    for key in range(1, 100):
        asks = [process(key, rule=f"rule-{n}", verdict="ask", enforced_at="none") for n in range(3)]
        ladder.act(batch(connect(1, **process(key)), process(key), exit_row(key), *asks))
    assert len(ladder._lives) == 10
    assert len(ladder._crowded) <= 10
    assert ladder.pending == 0


def test_pending_proofs_are_checked_in_turns(ladder, machine, monkeypatch):
    monkeypatch.setattr(books, "_CHECKS", 10)
    parts = [ladder.act(batch(*({"process_key": key, "pid": key} for key in range(1, 36))))[1]]
    machine.dead |= set(range(1, 36))
    parts += [ladder.tick() for _ in range(4)]
    assert ladder.pending == 0
    assert len(pairs(*parts)) == 70


def test_the_intent_is_journalled_before_the_deed_and_not_returned_twice(machine):
    journalled = []
    ladder = machine.new(journal=lambda rows: journalled.append((rows, list(machine.calls))))
    _, actions = ladder.act(batch({"enforced_at": "none"}))
    ((rows, calls),) = journalled
    assert story(rows) == [("intent", "kill", "userspace", None)]
    assert calls == []
    assert story(actions) == [("result", "kill", "userspace", "confirmed")]
    pairs(rows, actions)


def test_the_last_object_of_a_process_is_told_apart_also_when_it_asked_before(ladder, machine):
    """A question counts among what was done to a process; the bound must hold all the same."""
    ladder.act(batch(*({"verdict": "ask", "rule": f"r{n}"} for n in range(module._OBJECTS))))
    for port in range(1, 10):
        ladder.act(batch(connect(1, dst_port=port)))
    assert ladder._crowded == {7}


# Questions


ASK = {"verdict": "ask"}
LATE = {"verdict": "ask", "enforced_at": "none"}


def test_an_inline_question_freezes_the_run_and_stands_open(ladder, machine):
    machine.stopped.add(7)
    after, actions = ladder.act(batch(ASK | {"operation": "file.write"}))
    (hold,) = machine.asked
    assert machine.left() == [hold]
    assert (hold.operation, hold.stopped, hold.done, hold.then) == ("file.write", True, False, "deny")
    assert (hold.due, hold.seconds, hold.run) == (machine.now + 600, 600, "run")
    assert (hold.order.rule, hold.order.object, hold.order.actor) == ("x", "/secret", "policy")
    assert hold.id == pairs(actions)[0]["id"]
    assert story(actions) == [("intent", "ask", "userspace", None), ("result", "ask", "userspace", "confirmed")]
    assert states(after) == [("ask", "kernel", "confirmed")]
    assert machine.frozen == {"run"}
    assert machine.alarms == []


def test_a_run_takes_its_limits_and_its_answer_from_its_policy(ladder, machine):
    machine.handles["run"] = machine.handle(limits=Limits(5.0, ask="release", freeze="deny"))
    ladder.act(batch(LATE, LATE | {"verdict": "freeze", "rule": "y"}))
    assert [(hold.then, hold.seconds) for hold in machine.left()] == [("release", 5.0), ("deny", 5.0)]


@pytest.mark.parametrize("verdict", ["ask", "freeze"])
def test_what_was_judged_after_the_fact_is_held_too_and_was_done(ladder, machine, verdict):
    after, _ = ladder.act(batch({"verdict": verdict, "enforced_at": "none"}))
    (hold,) = machine.left()
    assert (hold.stopped, hold.done) == (False, True)
    assert states(after) == [(verdict, "userspace", "confirmed")]


@pytest.mark.parametrize(
    ("row", "stopped", "done"),
    [
        (connect(1), True, False),
        (connect(None), True, False),
        (connect(0), True, True),
        (connect(115), True, True),
        (connect(0, enforced_at="none"), False, True),
    ],
)
def test_a_connection_is_known_to_stand_or_not(ladder, machine, row, stopped, done):
    """What was refused needs no denial. What came through does, or a denial would be a word and nothing more."""
    machine.stopped |= {7} if stopped else set()
    ladder.act(batch(row | {"verdict": "ask"}))
    (hold,) = machine.left()
    assert (hold.stopped, hold.done) == (stopped, done)
    ladder.decide(hold, Decision("deny", "root"))
    assert machine.dead == ({7} if done else set())
    assert machine.stopped - machine.dead == set()


def test_a_second_demand_of_the_same_process_and_rule_is_the_same_question(ladder, machine):
    ladder.act(batch(ASK))
    _, actions = ladder.act(batch(ASK, ASK | {"path": "/other"}))
    assert actions is None
    assert len(machine.asked) == 1
    ladder.act(batch(ASK | process(8), ASK | {"rule": "y"}))
    assert [(hold.order.process_key, hold.order.rule) for hold in machine.left()] == [(7, "x"), (8, "x"), (7, "y")]


def test_a_demand_while_the_run_is_being_frozen_is_the_same_question(ladder, machine):
    machine.never.add("freeze")
    ladder.act(batch(ASK))
    ladder.act(batch(ASK))
    assert machine.did("freeze") == [("freeze", "run")]
    machine.never.clear()
    ladder.tick()
    assert len(machine.left()) == 1


@pytest.mark.parametrize("rows", [(LATE, ASK), (ASK, LATE)])
def test_a_rule_that_is_judged_late_and_then_stops_a_process_lets_it_go_on(ladder, machine, rows):
    """One rule on reading and on renaming: the one is held in the kernel, the other seen after the fact."""
    machine.stopped.add(7)
    for row in rows:
        ladder.act(batch(row))
    assert len(machine.left()) == 2
    for hold in machine.left():
        ladder.decide(hold, Decision("release", "alice"))
    assert (machine.stopped, machine.frozen) == (set(), set())


def test_after_a_release_a_new_demand_asks_anew(ladder, machine):
    for _ in range(3):
        machine.stopped.add(7)
        ladder.act(batch(ASK))
        (hold,) = machine.left()
        assert ladder.decide(hold, Decision("release", "alice")).confirmed
        assert (machine.stopped, machine.frozen) == (set(), set())
    assert len({hold.id for hold in machine.asked}) == 3
    pairs(ladder.tick())


def test_a_run_goes_on_with_its_last_open_question(ladder, machine):
    machine.stopped |= {7, 8}
    ladder.act(batch(ASK, ASK | process(8)))
    first, second = machine.left()
    ladder.decide(first, Decision("release", "alice"))
    assert (machine.stopped, machine.frozen) == ({8}, {"run"})
    ladder.decide(second, Decision("release", "alice"))
    assert (machine.stopped, machine.frozen) == (set(), set())


@pytest.mark.parametrize(("then", "dead"), [("deny", {7}), ("kill", {7, 8})])
def test_a_denial_ends_the_process_and_a_kill_the_run(ladder, machine, then, dead):
    machine.stopped.add(7)
    ladder.act(batch(ASK, LATE | process(8)))
    ladder.decide(machine.left()[0], Decision(then, "alice"))
    assert machine.dead == dead
    assert [hold.order.process_key for hold in machine.left()] == ([8] if then == "deny" else [])
    assert {decision.actor for _, decision, _ in machine.decided} == {"alice"}


@pytest.mark.parametrize(
    ("verdict", "then", "dead"),
    [("ask", "deny", {7}), ("ask", "release", set()), ("freeze", "kill", {7, 8}), ("freeze", "release", set())],
)
def test_where_nobody_decides_the_limit_does(ladder, machine, verdict, then, dead):
    machine.handles["run"] = machine.handle(limits=Limits(60.0, ask=then, freeze=then))
    machine.stopped.add(7)
    ladder.act(batch({"verdict": verdict}))
    machine.wait(59)
    assert machine.decided == []
    rows = pairs(*machine.wait(1))
    ((_, decision, outcome),) = machine.decided
    assert (decision.then, decision.actor, decision.why) == (then, "lictor", "nobody decided within 60 s")
    assert outcome.confirmed
    assert {row["actor"] for row in rows} == {"lictor"}
    assert machine.dead == dead
    assert machine.stopped - machine.dead == set()
    assert (machine.frozen == set()) is (then != "kill")
    assert machine.left() == []


def test_questions_whose_time_is_up_together_are_answered_once_each(ladder, machine):
    """The first answer may end the run, and with it answers the others."""
    ladder.act(batch(LATE | {"verdict": "freeze"}, LATE | {"verdict": "freeze"} | process(8)))
    machine.wait(601)
    assert len(machine.decided) == len({hold for hold, _, _ in machine.decided}) == 2
    assert machine.did("run") == [("run", "run")]


def test_a_limit_that_comes_to_nothing_is_tried_again_and_not_all_the_time(ladder, machine):
    machine.handles["run"] = machine.handle(limits=Limits(60.0, freeze="kill"))
    machine.failing.add("run")
    ladder.act(batch({"verdict": "freeze"}))
    machine.wait(60 * 3 + 1)
    assert len(machine.did("run")) == 3
    assert len(machine.left()) == 1
    machine.failing.clear()
    machine.wait(60)
    assert machine.dead == {7, 8}
    assert machine.left() == []


# Where a run cannot be frozen


@pytest.mark.parametrize("how", ["failing", "never"])
@pytest.mark.parametrize(
    ("row", "rung"),
    [(ASK, "process"), ({"verdict": "freeze"}, "process"), (LATE, "process"), (LATE | {"verdict": "freeze"}, "cut")],
)
def test_who_asked_ends_or_the_network_does(ladder, machine, how, row, rung):
    getattr(machine, how).add("freeze")
    machine.stopped.add(7)
    parts = [ladder.act(batch(row))[1], *machine.wait(2 * PROOF_SECONDS)]
    assert [call[0] for call in machine.calls] == ["freeze", rung, "thaw"]
    assert machine.left() == []
    assert machine.frozen == set()
    pairs(*parts)


def test_an_inline_question_that_the_guard_forbids_leaves_nobody_stopped(ladder, machine):
    machine.refused.add("freeze")
    machine.stopped.add(7)
    ladder.act(batch(ASK))
    assert machine.stopped - machine.dead == set()


def test_a_freeze_that_fails_is_not_tried_again_at_every_row(ladder, machine):
    machine.refused.add("freeze")
    for path in range(50):
        ladder.act(batch(LATE | {"path": f"/{path}"}, LATE | {"path": f"/{path}-other"}))
    assert len(machine.did("freeze")) == 1
    machine.now += PROOF_SECONDS
    ladder.act(batch(LATE))
    assert len(machine.did("freeze")) == 2


def test_a_run_that_was_frozen_since_nothing_else_helped_is_asked_about(ladder, machine):
    machine.immortal.add(7)
    ladder.act(batch({}))
    machine.wait(3 * PROOF_SECONDS)
    (hold,) = machine.left()
    assert (hold.order.action, hold.then, hold.stopped, hold.operation) == ("freeze", "kill", False, None)
    assert machine.asked == [hold]
    machine.immortal.clear()
    ladder.decide(hold, Decision("kill", "alice"))
    assert machine.left() == []


def test_a_run_that_ended_while_it_was_frozen_is_not_asked_about(ladder, machine):
    machine.never.add("freeze")
    ladder.act(batch(ASK))
    ladder.forget("run")
    del machine.handles["run"]
    machine.never.clear()
    ladder.tick()
    assert machine.asked == []
    assert machine.left() == []


def test_questions_of_a_run_that_has_ended_are_handed_back(ladder, machine):
    ladder.act(batch(ASK, ASK | process(8)))
    assert ladder.forget("run") == machine.asked
    assert machine.left() == []
    assert ladder.forget("run") == []


# Isolation and quarantine


ISOLATE = {"verdict": "isolate", "enforced_at": "none"}
QUARANTINE = {"verdict": "quarantine", "enforced_at": "none"}


def test_a_network_is_cut_once_per_run(ladder, machine):
    ladder.act(batch(connect(0, **ISOLATE)))
    ladder.act(batch(connect(0, **ISOLATE, dst_port=80), connect(0, **ISOLATE, **process(8))))
    assert machine.calls == [("cut", "run")]
    assert ladder.is_cut("run")


def test_a_connection_that_was_judged_late_costs_no_process_its_life(ladder, machine):
    after, actions = ladder.act(batch(connect(0, **ISOLATE)))
    assert machine.dead == set()
    assert story(actions) == [("intent", "isolate", "userspace", None), ("result", "isolate", "userspace", "confirmed")]
    assert states(after) == [("isolate", "userspace", "confirmed")]


def test_a_file_is_denied_and_the_network_cut(ladder, machine):
    after, actions = ladder.act(batch(ISOLATE))
    assert machine.calls == [("process", 7), ("cut", "run")]
    assert results(actions) == [("kill", "confirmed"), ("isolate", "confirmed")]
    assert states(after) == [("isolate", "userspace", "confirmed")]


@pytest.mark.parametrize("row", [connect(1), {}])
def test_what_the_kernel_denied_is_proven_and_the_network_cut(ladder, machine, row):
    after, actions = ladder.act(batch(row | {"verdict": "isolate"}, exit_row()))
    assert sorted(results(actions)) == [("deny", "confirmed"), ("isolate", "confirmed")]
    assert machine.calls == [("cut", "run")]
    assert states(after)[0] == ("isolate", "kernel", "confirmed")


def test_a_network_that_cannot_be_cut_costs_the_run(ladder, machine):
    machine.failing.add("cut")
    _, actions = ladder.act(batch(connect(0, **ISOLATE)))
    assert results(actions) == [("isolate", "failed"), ("kill", "confirmed")]
    assert machine.dead == {7, 8}


def test_a_file_is_denied_and_taken_away(ladder, machine):
    after, actions = ladder.act(batch(QUARANTINE | {"dev": 5, "ino": 9}))
    assert machine.taken == ["/secret"]
    assert [(row["action"], row["object"]) for row in pairs(actions)[::2]] == [
        ("kill", "/secret"),
        ("quarantine", "/secret"),
    ]
    assert states(after) == [("quarantine", "userspace", "confirmed")]
    (taken,) = [order for deed, order in machine.acts if deed == "quarantine"]
    assert (taken.inode, taken.uid) == ((5, 9), 1000)


def test_a_file_that_was_renamed_is_taken_by_its_new_name(ladder, machine):
    ladder.act(batch(QUARANTINE | {"operation": "file.rename", "path_to": "/new"}))
    assert machine.taken == ["/new"]


def test_a_huge_file_holds_nothing_up_and_is_proven_later(ladder, machine):
    machine.slow.add("quarantine")
    after, first = ladder.act(batch(QUARANTINE))
    assert states(after) == [("quarantine", "userspace", "unverified")]
    assert results(first, ladder.tick()) == [("kill", "confirmed"), ("quarantine", "confirmed")]


def test_where_there_is_no_file_the_network_is_cut(ladder, machine):
    _, actions = ladder.act(batch(connect(0, **QUARANTINE)))
    assert results(actions) == [("kill", "confirmed"), ("quarantine", "failed"), ("isolate", "confirmed")]
    assert machine.did("quarantine") == []


# What people order


@pytest.mark.parametrize(
    ("action", "deed", "state"),
    [("freeze", "freeze", "frozen"), ("isolate", "cut", "cut"), ("kill", "run", "dead")],
)
def test_a_person_orders(ladder, machine, action, deed, state):
    outcome = ladder.order(order(action, rule="by hand", actor="alice"))
    assert outcome.confirmed
    assert machine.calls == [(deed, "run")]
    assert getattr(machine, state)
    rows = pairs(ladder.tick())
    assert {(row["action"], row["actor"], row["rule"]) for row in rows} == {(action, "alice", "by hand")}


def test_what_a_person_did_a_person_undoes(ladder, machine):
    ladder.order(order("isolate", actor="alice"))
    assert ladder.order(order("join", actor="alice")).confirmed
    assert not ladder.is_cut("run")
    ladder.order(order("freeze", actor="alice"))
    (hold,) = machine.left()
    assert (hold.operation, hold.stopped) == (None, False)
    ladder.decide(hold, Decision("release", "bob"))
    assert (machine.cut, machine.frozen) == (set(), set())


def test_a_run_with_open_questions_is_not_let_go_past_them(ladder, machine):
    ladder.act(batch(ASK))
    assert ladder.order(order("release", actor="alice")).enforcement == "failed"
    assert machine.frozen == {"run"}
    machine.frozen.add("run")
    ladder.forget("run")
    assert ladder.order(order("release", actor="alice")).confirmed
    assert machine.frozen == set()


@pytest.mark.parametrize("action", ["freeze", "isolate", "join", "release", "kill"])
def test_a_persons_order_that_fails_is_told_and_not_climbed(ladder, machine, action):
    machine.failing |= {"freeze", "cut", "join", "thaw", "run"}
    assert ladder.order(order(action, actor="alice")).enforcement == "failed"
    assert not {call[0] for call in machine.calls} & {
        "process",
        *({"cut", "run"} - {{"isolate": "cut", "kill": "run"}.get(action)}),
    }
    assert machine.alarms[0][0] == action
    assert {order.actor for _, order in machine.acts} == {"alice"}


def test_an_order_about_a_stranger_touches_nobody(ladder, machine):
    assert "not touched" in ladder.order(order("kill", run="stranger", actor="alice")).evidence
    assert machine.calls == []


# Alarms and warnings


def test_every_failure_raises_an_alarm_and_no_success_does(ladder, machine):
    machine.failing |= {"process", "freeze"}
    rows = ladder.act(batch({"enforced_at": "none"}))[1]
    failed = [(row["action"], row["evidence"]) for row in rows.to_pylist() if row["enforcement"] == "failed"]
    assert machine.alarms == failed == [("kill", "process failed"), ("freeze", "freeze failed")]


def test_the_agent_is_told_once_for_each_deed_after_it(machine):
    told = []

    def tell(asked, action):
        told.append((asked.object, action, list(machine.calls)))
        return Outcome("confirmed", "written")

    ladder = machine.new(tell=tell)
    parts = [
        ladder.act(batch({"enforced_at": "none"}, {"enforced_at": "none"}, LATE | process(8)))[1] for _ in range(3)
    ]
    assert told == [("/secret", "kill", [("process", 7)]), ("/secret", "ask", [("process", 7), ("freeze", "run")])]
    assert [row["action"] for row in pairs(*parts)].count("warn") == 4


@pytest.mark.parametrize("run", ["audit", "stranger"])
def test_who_was_not_stopped_is_told_nothing(machine, run):
    told = []
    ladder = machine.new(tell=lambda asked, action: told.append((asked, action)))
    ladder.act(batch({"agent_run": run, "enforced_at": "none"}))
    assert told == []


def test_one_rule_warns_a_run_so_often_and_no_more(machine):
    told = []
    ladder = machine.new(tell=lambda asked, _: told.append(asked.object) or Outcome("confirmed", "told"))
    for key in range(100, 300):
        ladder.act(batch({"enforced_at": "none"} | process(key), {"enforced_at": "none", "rule": "y"} | process(key)))
    assert len(told) == 2 * module._WARNINGS


# The red switch


def test_nothing_is_done_while_it_is_paused(ladder, machine):
    ladder.paused = True
    part = batch({}, {"enforced_at": "none"}, connect(1), LATE, ISOLATE, QUARANTINE, {"verdict": "kill"})
    after, actions = ladder.act(part)
    assert after is part
    assert actions is None
    assert machine.calls == []
    ladder.paused = False
    ladder.act(batch({"enforced_at": "none"}))
    assert machine.calls == [("process", 7)]


def test_what_the_kernel_did_before_is_still_proven(ladder, machine):
    _, first = ladder.act(batch({}))
    ladder.paused = True
    _, second = ladder.act(batch(exit_row()))
    assert [row["enforcement"] for row in pairs(first, second)] == [None, "confirmed"]


@pytest.mark.parametrize("why", ["paused", "audit", "recording"])
def test_one_that_the_kernel_stopped_right_before_goes_on(ladder, machine, why):
    """Its row is on the way while the sensor is told to stop nobody any more."""
    machine.stopped.add(7)
    ladder.paused = why == "paused"
    machine.handles["run"] = machine.handle(
        enforce=why != "audit", recording=frozenset({("p", "x")} if why == "recording" else ())
    )
    after, actions = ladder.act(batch(ASK, connect(1, verdict="ask")))
    assert machine.stopped == set()
    assert machine.calls == [("continue", 7)] * 2
    assert results(actions) == [("release", "confirmed")] * 2
    assert states(after) == [("release", "kernel", "confirmed")] * 2


def test_a_freeze_that_takes_effect_while_it_is_paused_is_undone(ladder, machine):
    machine.never.add("freeze")
    machine.stopped.add(7)
    ladder.act(batch(ASK))
    ladder.paused = True
    machine.never.clear()
    ladder.tick()
    assert (machine.stopped, machine.frozen, machine.left()) == (set(), set(), [])
    assert machine.asked == []


def test_a_run_that_cannot_be_let_go_while_it_is_paused_is_asked_about(ladder, machine):
    machine.never.add("freeze")
    machine.failing.add("thaw")
    ladder.act(batch(ASK))
    ladder.paused = True
    machine.never.clear()
    ladder.tick()
    assert [hold.id for hold in machine.asked] == [hold.id for hold in machine.left()]
    assert len(machine.asked) == 1


def test_nothing_climbs_while_it_is_paused(ladder, machine):
    machine.immortal.add(7)
    ladder.act(batch({}))
    ladder.paused = True
    machine.wait(3 * PROOF_SECONDS)
    assert machine.calls == []


def test_people_are_heard_also_while_it_is_paused(ladder, machine):
    ladder.paused = True
    assert ladder.order(order("freeze", actor="alice")).confirmed
    assert len(machine.left()) == 1
    assert ladder.order(order("kill", actor="alice")).confirmed


# Any sequence


DEEDS = {"process": {"kill"}, "run": {"kill"}, "freeze": {"ask", "freeze"}, "thaw": {"release"}, "continue": {"release"},
         "cut": {"isolate"}, "join": {"join"}, "quarantine": {"quarantine"}}  # fmt: skip


class Watched(Told):
    """A ladder whose every deed is checked when it is done, and whose machine breaks and mends."""

    def __init__(self):
        super().__init__()
        self.tagged = {7, 8, 9}
        self.rows, self.unkillable = [], set()
        self.handles["run"] = self.handle(limits=Limits(60.0), recording=frozenset({("p", "recording")}))
        self.ladder = self.new(journal=self.keep, tell=self.tell)
        self.before = self.check

    def keep(self, rows):
        if rows is not None:
            self.rows += rows.to_pylist()

    def tell(self, asked, _):
        return {"x": Outcome("confirmed", "told"), "y": Outcome("failed", "no folder")}.get(asked.rule)

    def check(self, deed, order):
        """What holds whenever anything is done."""
        done = {row["id"] for row in self.rows if row["phase"] == "result"}
        announced = [
            r for r in self.rows if r["id"] not in done and r["action"] in DEEDS[deed] and r["agent_run"] == order.run
        ]
        assert announced, f"{deed} without an intent in the journal"
        if order.actor == "policy":
            assert order.rule != "recording" or deed == "continue"
            assert order.run == "run" or (order.run, deed) == ("audit", "continue")
            assert not self.ladder.paused or deed in ("continue", "thaw")

    def act(self, *demands):
        rows = []
        for verdict, row, key, rule, run in demands:
            rows.append(ROWS[row] | process(key) | {"verdict": verdict, "rule": rule, "agent_run": run})
            if verdict in module.HOLDING and row in ("inline", "refused", "leak") and run != "stranger":
                self.stopped.add(key)
        self.keep(self.ladder.act(batch(*rows))[1])

    def pass_(self, seconds):
        for part in self.wait(seconds):
            self.keep(part)

    def decide(self, which, then):
        if holds := self.left():
            self.ladder.decide(holds[which % len(holds)], Decision(then, "alice"))

    def order(self, action):
        self.ladder.order(order(action, actor="alice", rule="by hand"))

    def break_(self, kind, what):
        getattr(self, kind).add(what)
        if kind == "immortal":
            self.unkillable.add(what)

    def mend(self):
        for kind in BROKEN:
            getattr(self, kind).clear()

    def pause(self):
        """As the service does it."""
        self.ladder.paused = True
        for hold in self.left():
            self.ladder.decide(hold, Decision("release", "alice"))

    def resume(self):
        self.ladder.paused = False

    def exit(self, key):
        self.dead.add(key)

    def kill_process(self, order, timeout):
        outcome = super().kill_process(order, timeout)
        if outcome.enforcement == "failed" and order.process_key not in self.dead:
            self.unkillable.add(order.process_key)  # nothing can be done about one that the kernel stopped
        return outcome

    def nobody_stands_still_unasked(self):
        if self.ladder.pending:
            return
        living = self.tagged - self.dead
        asked = {hold.order.process_key for hold in self.left() if hold.stopped}
        assert not living or ("run" in self.frozen) == bool(self.ladder.holds.of_run("run"))
        assert self.stopped & living <= asked | self.unkillable

    def in_the_end(self):
        self.mend()
        self.resume()
        self.pass_(10)
        self.pass_(200)
        self.nobody_stands_still_unasked()
        assert self.ladder.pending == 0
        assert self.left() == []
        pairs_of = {}
        for row in self.rows:
            pairs_of.setdefault(row["id"], []).append(row["phase"])
        assert all(phases == ["intent", "result"] for phases in pairs_of.values())
        failed = sorted(row["action"] for row in self.rows if row["enforcement"] == "failed")
        assert sorted(action for action, _ in self.alarms) == failed
        answered = [hold for hold, _, _ in self.decided]
        assert len(answered) == len(set(answered))
        assert {hold.id for hold in self.asked} <= set(answered)


ROWS = {
    "inline": {},
    "late": {"enforced_at": "none"},
    "refused": connect(1),
    "leak": connect(0),
    "net": connect(0, enforced_at="none"),
}
BROKEN = ("failing", "refused", "never", "slow", "immortal")
BREAKS = [("failing", deed) for deed in ("process", "run", "freeze", "cut", "join", "quarantine")] + [
    *(("refused", what) for what in (7, 8, "run", "freeze", "cut", "quarantine")), ("never", "freeze"), ("never", "quarantine"),
    ("slow", "process"), ("slow", "freeze"), ("slow", "quarantine"), ("immortal", 7),
]  # fmt: skip

demand = st.tuples(
    st.sampled_from([*["ask", "freeze"] * 4, "deny", "deny", *schema.VERDICTS[3:]]), st.sampled_from([*["inline", "late"] * 2, *ROWS]),
    st.sampled_from([7, 7, 8]), st.sampled_from(["x", "x", "y", "recording"]), st.sampled_from([*["run"] * 8, "audit", "stranger"]),
)  # fmt: skip
acts = st.lists(demand, min_size=1, max_size=3).map(lambda demands: ("act", *demands))
passes = st.sampled_from([0.01, 3, 3, 70]).map(lambda seconds: ("pass_", seconds))
decisions = st.tuples(st.just("decide"), st.integers(0, 3), st.sampled_from(["release", "deny", "kill"]))
orders = st.tuples(st.just("order"), st.sampled_from(["freeze", "isolate", "join", "kill"]))
breaks = st.sampled_from(BREAKS).map(lambda broken: ("break_", *broken))
others = st.sampled_from([("mend",), ("pause",), ("resume",), ("exit", 7), ("exit", 8)])
step = st.one_of(acts, acts, passes, decisions, breaks, st.one_of(orders, others))


@settings(max_examples=150, deadline=None)
@given(st.sets(st.sampled_from(BREAKS), max_size=3), st.lists(step, max_size=14))
def test_whatever_comes_each_intent_has_its_result_and_nobody_stands_still_unasked(broken, steps):
    watched = Watched()
    for name, *rest in [*(("break_", *each) for each in broken), *steps]:
        getattr(watched, name)(*rest)
        watched.keep(watched.ladder.tick())
        watched.nobody_stands_still_unasked()
    watched.in_the_end()


# Real processes


STORM = """
import os, time
os.write(1, b"go")
for _ in range(100):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(60)
            time.sleep(0.02)
        os._exit(0)
    os.wait()
time.sleep(60)
"""


def real_ladder(handle):
    return Ladder(LinuxEnforcer(), lambda run: handle if run == handle.run else None, host="h", boot_id="b")


def test_real_process_is_killed_and_proven():
    with subprocess.Popen(["sleep", "60"]) as child:
        row = {"process_key": process_key_from_proc(child.pid), "pid": child.pid, "enforced_at": "none"}
        after, actions = real_ladder(RunHandle("run")).act(batch(row))
        assert states(after) == [("kill", "userspace", "confirmed")]
        assert child.wait(1) == -9
        assert len(pairs(actions)) == 2


def test_real_process_whose_pid_is_taken_is_spared():
    with subprocess.Popen(["sleep", "60"]) as child:
        row = {"process_key": process_key_from_proc(child.pid) ^ 1, "pid": child.pid, "enforced_at": "none"}
        _, actions = real_ladder(RunHandle("run")).act(batch(row))
        assert "another process by now" in pairs(actions)[1]["evidence"]
        assert child.poll() is None
        child.kill()


@pytest.mark.parametrize("trial", range(3))
def test_real_run_under_a_fork_storm_leaves_no_survivor(place, marked, trial):
    mark = uuid.uuid4().hex
    with RunCgroup.create(f"storm-{trial}", [place]) as group:
        root = subprocess.Popen(
            [sys.executable, "-c", STORM],
            preexec_fn=lambda: group.add(0),  # noqa: PLW1509 - no threads here
            stdout=subprocess.PIPE, env=os.environ | {"LICTOR_TEST": mark},
        )  # fmt: skip
        root.stdout.read(2)
        while len(group.pids()) < 20 * (trial + 1):  # struck while it forks
            assert root.poll() is None
        ladder = real_ladder(RunHandle("run", group=group))
        row = {
            "process_key": process_key_from_proc(root.pid),
            "pid": root.pid,
            "verdict": "kill",
            "enforced_at": "none",
        }
        parts = [ladder.act(batch(row))[1]]
        while ladder.pending:
            parts.append(ladder.tick())
        assert marked(f"LICTOR_TEST={mark}") == []
        assert [r["enforcement"] for r in pairs(*parts)] == [None, "confirmed"]
        root.communicate()


# What the sensor took for a question, or refused because the run is cut off


def test_a_question_of_the_sensors_that_the_judge_denies_is_a_kill_at_once(ladder, machine):
    _, actions = ladder.act(batch({"action": "ask"}))
    assert ("process", 7) in machine.calls
    assert [row["action"] for row in pairs(actions)] == ["kill", "kill"]


def test_a_refused_connection_that_the_judge_denies_goes_on_with_its_refusal(ladder, machine):
    ladder.act(batch(connect(1, action="freeze")))
    assert ("process", 7) not in machine.calls
    assert not list(ladder.holds)


def test_a_refusal_of_a_run_without_network_does_not_cut_it_again(ladder, machine):
    _, actions = ladder.act(batch(connect(1, verdict="isolate", rule=module.ISOLATED, policy=None, action="deny")))
    assert [row["action"] for row in pairs(actions)] == ["deny", "deny"]
    assert not ladder.is_cut("run")
