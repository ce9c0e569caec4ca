import os
import subprocess
import sys
import uuid

import pyarrow as pa
import pytest

from collectors.identity import process_key_from_proc
from enforcer import ladder as module
from enforcer.interface import Enforcer, GuardRefusal, Outcome, RunHandle
from enforcer.ladder import PROOF_SECONDS, Ladder
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.enforcer import LinuxEnforcer
from enforcer.selection import MANY
from pipeline import schema

ROW = {"operation": "file.read", "class": "file", "agent_run": "run", "process_key": 7, "pid": 70, "rule": "x", "policy": "p",
       "verdict": "deny", "enforced_at": "kernel", "path": "/secret", "dst_ip": None, "dst_port": None, "errno": 0,
       "signal": None, "exit_code": None}  # fmt: skip


def batch(*rows):
    columns = {}
    for name in ROW:
        array = pa.array([(ROW | row)[name] for row in rows], schema.lake_type("activity", name))
        columns[name] = array.dictionary_encode() if pa.types.is_string(array.type) else array
    return schema.batch("activity", columns)


def exit_row(key=7, signal=9, status=0):
    return {"operation": "exit", "class": "process", "process_key": key, "signal": signal, "exit_code": status,
            "verdict": "allow", "enforced_at": "none", "path": None, "rule": None}  # fmt: skip


def connect(errno, **more):
    return {
        "operation": "net.connect",
        "class": "network",
        "path": None,
        "dst_ip": "10.0.0.1",
        "dst_port": 443,
        "errno": errno,
    } | more


class Machine(Enforcer):
    """A made-up machine: processes live until killed, unless they are immortal; its clock moves by hand and by waiting."""

    def __init__(self):
        self.dead, self.immortal, self.refused, self.calls = set(), set(), set(), []
        self.now = 100.0
        self.slow = False  # the end of a process shows only at the next look

    def kill_process(self, order, timeout):  # noqa: ARG002 - the interface has it
        self.calls.append(("process", order.process_key))
        if order.process_key in self.refused:
            raise GuardRefusal("protected")
        if order.process_key in self.dead:
            return Outcome("failed", "had ended by itself")
        if order.process_key in self.immortal:
            return Outcome("unverified", "signalled")
        self.dead.add(order.process_key)
        return Outcome("unverified", "signalled") if self.slow else Outcome("confirmed", "pidfd")

    def kill_run(self, order, handle, timeout):
        self.calls.append(("run", handle.run))
        return self.wait_run_gone(order, handle, timeout) or Outcome("unverified", "cgroup.kill written")

    def wait_gone(self, order, timeout):
        if order.process_key in self.dead:
            return Outcome("confirmed", "/proc shows it gone")
        self.now += timeout
        return None

    def wait_run_gone(self, order, handle, timeout):  # noqa: ARG002 - the interface has it
        if "run" in self.immortal:
            self.now += timeout
            return None
        self.dead.add(order.process_key)
        return Outcome("confirmed", "populated 0")


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def handles():
    return {"run": RunHandle("run"), "audit": RunHandle("audit", enforce=False)}


@pytest.fixture
def ladder(machine, handles):
    return Ladder(
        machine, handles.get, lambda: int(machine.now * 1e9), host="h", boot_id="b", monotonic=lambda: machine.now
    )


def story(actions):
    """(phase, action, enforced_at, enforcement) of each row, checked for pairs: each result after its intent."""
    if actions is None:
        return []
    assert actions.schema == schema.memory_schema("actions")
    return [(r["phase"], r["action"], r["enforced_at"], r["enforcement"]) for r in actions.to_pylist()]


def pairs(*batches):
    rows = [row for part in batches if part is not None for row in part.to_pylist()]
    by_id = {}
    for row in rows:
        by_id.setdefault(row["id"], []).append(row["phase"])
    assert all(phases == ["intent", "result"] for phases in by_id.values()), by_id
    return rows


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


def test_one_that_lives_on_is_killed_rung_by_rung(ladder, machine):
    machine.immortal |= {7, "run"}
    parts = [ladder.act(batch({}))[1]]
    machine.now += PROOF_SECONDS / 2
    assert ladder.tick() is None
    for _ in range(3):
        machine.now += PROOF_SECONDS
        parts.append(ladder.tick())
    assert [row for part in parts for row in story(part)] == [
        INTENT,
        ("result", "deny", "kernel", "failed"),
        ("intent", "kill", "userspace", None),
        ("result", "kill", "userspace", "failed"),
        ("intent", "kill", "userspace", None),
        ("result", "kill", "userspace", "failed"),
    ]
    pairs(*parts)
    assert machine.calls == [("process", 7), ("run", "run")]
    machine.now += 100
    assert ladder.tick() is None


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
    machine.slow = True
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


@pytest.mark.parametrize("verdict", ["ask", "freeze", "quarantine", "isolate"])
def test_a_verdict_without_means_is_never_silent(ladder, verdict):
    after, actions = ladder.act(batch({"verdict": verdict, "enforced_at": "none"}))
    assert story(actions) == [("intent", verdict, "none", None), ("result", verdict, "none", "failed")]
    assert verdict in pairs(actions)[1]["evidence"]
    assert states(after) == [(verdict, "none", "failed")]


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
    ladder.act(batch({"verdict": "kill", "enforced_at": "none", "process_key": 8, "pid": 80}))
    assert machine.calls == [("run", "run")] * 2


def test_kill_of_a_run_is_given_up_with_a_row(ladder, machine):
    machine.immortal.add("run")
    _, first = ladder.act(batch({"verdict": "kill", "enforced_at": "none"}))
    machine.now += PROOF_SECONDS
    second = ladder.tick()
    assert [row["enforcement"] for row in pairs(first, second)] == [None, "failed"]
    assert pairs(first, second)[1]["evidence"] == "cgroup.kill written; no proof of its end within 2 s"


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
    monkeypatch.setattr(module, "_LIVES", 10)
    for key in range(1, 100):
        ladder.act(batch(connect(1, process_key=key, pid=key), {"process_key": key, "pid": key}, exit_row(key)))
    assert len(ladder._lives) == 10
    assert len(ladder._crowded) <= 10
    assert ladder.pending == 0


def test_pending_proofs_are_checked_in_turns(ladder, machine, monkeypatch):
    monkeypatch.setattr(module, "_CHECKS", 10)
    parts = [ladder.act(batch(*({"process_key": key, "pid": key} for key in range(1, 36))))[1]]
    machine.dead |= set(range(1, 36))
    parts += [ladder.tick() for _ in range(4)]
    assert ladder.pending == 0
    assert len(pairs(*parts)) == 70


def test_the_intent_is_journalled_before_the_deed_and_not_returned_twice(machine, handles):
    journalled = []

    def journal(rows):
        journalled.append((rows, list(machine.calls)))

    ladder = Ladder(machine, handles.get, host="h", boot_id="b", monotonic=lambda: machine.now, journal=journal)
    _, actions = ladder.act(batch({"enforced_at": "none"}))
    ((rows, calls),) = journalled
    assert story(rows) == [("intent", "kill", "userspace", None)]
    assert calls == []
    assert story(actions) == [("result", "kill", "userspace", "confirmed")]
    pairs(rows, actions)


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
