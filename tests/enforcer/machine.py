"""A made-up machine for tests of the ladder: processes, runs and files that live, stand still and end as a test says.

It keeps a book of all that was done to it, and its clock moves by hand and by waiting. What the ladder
believes is compared with what this machine has become.
"""

from __future__ import annotations

import pyarrow as pa

from enforcer.interface import Enforcer, GuardRefusal, Limits, Order, Outcome, RunHandle
from pipeline import schema

ROW = {"operation": "file.read", "class": "file", "agent_run": "run", "process_key": 7, "pid": 70, "rule": "x", "policy": "p",
       "verdict": "deny", "enforced_at": "kernel", "path": "/secret", "path_to": None, "dev": None, "ino": None, "uid": 1000, "action": None,
       "dst_ip": None, "dst_port": None, "errno": 0, "signal": None, "exit_code": None}  # fmt: skip


def batch(*rows):
    """Judged activity; each row is what it has other than ``ROW``."""
    columns = {}
    for name in ROW:
        array = pa.array([(ROW | row)[name] for row in rows], schema.lake_type("activity", name))
        columns[name] = array.dictionary_encode() if pa.types.is_string(array.type) else array
    return schema.batch("activity", columns)


def exit_row(key=7, signal=9, status=0):
    return {"operation": "exit", "class": "process", "process_key": key, "signal": signal, "exit_code": status,
            "verdict": "allow", "enforced_at": "none", "path": None, "rule": None}  # fmt: skip


def connect(errno, **more):
    row = {"operation": "net.connect", "class": "network", "path": None, "dst_ip": "10.0.0.1", "dst_port": 443}
    return row | {"errno": errno} | more


def process(key, **more):
    """Fields of a row that name a process."""
    return {"process_key": key, "pid": 10 * key} | more


def order(action="kill", key=7, run="run", **more):
    return Order(action, run, key, 10 * key, **more)


def pairs(*batches):
    """All rows, each id of which has an intent and then a result."""
    rows = [row for part in batches if part is not None for row in part.to_pylist()]
    by_id = {}
    for row in rows:
        by_id.setdefault(row["id"], []).append(row["phase"])
    assert all(phases == ["intent", "result"] for phases in by_id.values()), by_id
    return rows


def story(actions):
    """(phase, action, enforced_at, enforcement) of each row."""
    if actions is None:
        return []
    assert actions.schema == schema.memory_schema("actions")
    return [(r["phase"], r["action"], r["enforced_at"], r["enforcement"]) for r in actions.to_pylist()]


def results(*batches):
    """(action, enforcement) of each result."""
    rows = [row for part in batches if part is not None for row in part.to_pylist()]
    return [(row["action"], row["enforcement"]) for row in rows if row["phase"] == "result"]


class Machine(Enforcer):
    """Carries everything out at once and truly, but for what a test puts into the sets below.

    Deeds are "process", "run", "freeze", "thaw", "continue", "cut", "join" and "quarantine".
    """

    def __init__(self, *tagged):
        self.tagged = set(tagged or (7, 8))  # process keys of the run "run"
        self.dead, self.stopped, self.frozen, self.cut, self.taken = set(), set(), set(), set(), []
        self.immortal = set()  # keys, or "run": signalled, and alive all the same
        self.refused = set()  # keys or deeds that the guard refuses
        self.failing = set()  # deeds that fail; a freeze that fails has stopped some all the same
        self.never = set()  # deeds whose effect never shows
        self.slow = set()  # deeds whose effect shows at the next look only
        self.calls = []
        self.acts = []  # (deed, order)
        self.leases = []
        self.now = 100.0
        self.began = {}
        self.before = None  # called with each deed, before anything else happens

    def survivors(self):
        return [(10 * key, key) for key in sorted(self.tagged - self.dead)]

    def handle(self, run="run", **more):
        survivors = self.survivors if run == "run" else lambda: ()
        return RunHandle(run, **{"survivors": survivors, "lease": self.leases.append, "limits": Limits(600.0)} | more)

    def did(self, *deeds):
        """The calls of some deeds."""
        return [call for call in self.calls if call[0] in deeds]

    def _begin(self, deed, order, what):
        if self.before is not None:
            self.before(deed, order)
        self.calls.append((deed, what))
        if {deed, order.process_key if deed == "process" else None} & self.refused:
            raise GuardRefusal("protected")
        self.acts.append((deed, order))
        return Outcome("failed", f"{deed} failed") if deed in self.failing else None

    def _wait(self, timeout):
        self.now += timeout

    # One process

    def kill_process(self, order, timeout):  # noqa: ARG002 - the interface has it
        failed = self._begin("process", order, order.process_key)
        if order.process_key in self.dead:
            return Outcome("failed", "had ended by itself")
        if failed or order.process_key in self.immortal:
            return failed or Outcome("unverified", "signalled")
        self.dead.add(order.process_key)
        return Outcome("unverified", "signalled") if "process" in self.slow else Outcome("confirmed", "pidfd")

    def wait_gone(self, order, timeout):
        if order.process_key in self.dead:
            return Outcome("confirmed", "/proc shows it gone")
        self._wait(timeout)
        return None

    def continue_process(self, order):
        failed = self._begin("continue", order, order.process_key)
        if failed:
            return failed
        self.stopped.discard(order.process_key)
        return Outcome("confirmed", "stopped no more")

    # The run

    def kill_run(self, order, handle, timeout):
        failed = self._begin("run", order, handle.run)
        return failed or self.wait_run_gone(order, handle, timeout) or Outcome("unverified", "cgroup.kill written")

    def wait_run_gone(self, order, handle, timeout):  # noqa: ARG002 - the interface has it
        if "run" in self.immortal:
            self._wait(timeout)
            return None
        self.dead |= self.tagged
        return Outcome("confirmed", "populated 0")

    def freeze_run(self, order, handle, timeout):
        failed = self._begin("freeze", order, handle.run)
        handle.lease(handle.limits.seconds)
        self.frozen.add(handle.run)
        if failed:
            return failed
        frozen = None if "freeze" in self.slow else self.wait_run_frozen(order, handle, timeout)
        return frozen or Outcome("unverified", "cgroup.freeze written")

    def wait_run_frozen(self, order, handle, timeout):  # noqa: ARG002 - the interface has it
        self.frozen.add(handle.run)  # each look moves in who is elsewhere, as the real one does
        if "freeze" in self.never:
            self._wait(timeout)
            return None
        return Outcome("confirmed", "frozen 1")

    def thaw_run(self, order, handle, timeout):  # noqa: ARG002 - the interface has it
        failed = self._begin("thaw", order, handle.run)
        if failed:
            return failed
        self.frozen.discard(handle.run)
        handle.lease(None)
        return Outcome("confirmed", "frozen 0")

    # Its network

    def cut_network(self, order, handle):
        failed = self._begin("cut", order, handle.run)
        self.cut.add(handle.run)
        return failed or Outcome("confirmed", "connect refused")

    def join_network(self, order, handle):
        failed = self._begin("join", order, handle.run)
        if failed:
            return failed
        self.cut.discard(handle.run)
        return Outcome("confirmed", "connect permitted")

    # A file

    def begin_quarantine(self, order, deed):
        self.began[deed] = self._begin("quarantine", order, order.object)

    def wait_quarantined(self, order, deed, timeout):
        if "quarantine" in self.never:
            self._wait(timeout)
            return None
        if "quarantine" in self.slow:
            self.slow.discard("quarantine")
            return None
        failed = self.began.pop(deed)
        if not failed:
            self.taken.append(order.object)
        return failed or Outcome("confirmed", "open refused")
