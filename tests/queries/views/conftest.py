"""Lakes to ask the views about: sample traces as `lictor replay` keeps them, and one made by hand of what no trace has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lictor.cli.app import invoke
from pipeline import schema
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from queries import catalog
from tests.queries.conftest import Kept

SAMPLES = Path(__file__).resolve().parents[3] / "sample-traces"
T = datetime(2026, 9, 21, 12, tzinfo=UTC)
HOSTILE = "/home/dev/a \"quoted\"\n'name' \\ \u202e\x01 {}[]%s\t/b\nc.txt"
AGENT = {"agent_run": "run1", "agent": "codex", "host": "vm", "boot_id": "boot", "source": "ebpf", "user": "dev", "uid": 1000,
         "process_key": -5, "pid": 50, "parent_key": 4, "exe": "/usr/bin/python3", "cmdline": "python3 x.py", "outcome": "success", "errno": 0}  # fmt: skip
DENIED = {"verdict": "deny", "rule": "r", "policy": "p", "severity": "critical", "action": "deny", "enforced_at": "kernel",
          "enforcement": "confirmed", "outcome": "denied", "errno": 1}  # fmt: skip


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def table(name: str, rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema.lake_schema(name))


def events(rows: list[tuple[str, dict[str, object]]]) -> pa.Table:
    """Rows of activity from (operation, what differs), a second apart, numbered in their order."""
    made = []
    for number, (operation, values) in enumerate(rows):
        known = schema.OPERATION_BY_NAME.get(operation)
        time = at(number)
        made.append({
            "time": time, "time_ns": int(time.timestamp()) * 10**9, "cpu": 0, "seq": number, "operation": operation,
            "class": known.activity_class if known else operation.split(".", 1)[0], **AGENT, **values,
        })  # fmt: skip
    return table("activity", made)


BY_HAND = [
    ("fork", {"process_key": 3, "pid": 30, "parent_key": 2, "child_key": 4, "child_pid": 40, "exe": "/usr/bin/codex", "cmdline": "codex"}),
    ("fork", {"process_key": 4, "pid": 40, "parent_key": 3, "child_key": -5, "child_pid": 50, "exe": "/bin/bash", "cmdline": "bash -c x"}),
    ("exec", {"exe_sha256": "ab" * 32, "cwd": "/w", "path": "/usr/bin/python3", "tool_call": "call1", "conversation": "talk"}),
    ("file.create", {"path": HOSTILE, "mode": 0o100644, "tool_call": "call1", "conversation": "talk", "dev": 7, "ino": 8}),
    ("file.rename", {"path": "/w/old.txt", "path_to": "/w/new.txt"}),
    ("file.write", {"path": "/dev/null", "mode": 0o020666}),
    ("file.delete", {"path": "/w/gone", "labels": "secret"}),
    ("file.read", {"path": "/home/dev/.aws/credentials", "intent": "read", "tool_call": "call1", "conversation": "talk"}),
    ("file.read", {"path": "/home/dev/.ssh/id_rsa.pub", "intent": "read"}),
    ("file.read", {"path": "/home/dev/.ssh/id_rsa", "intent": "read", **DENIED}),
    ("file.read", {"path": "/data/payroll.csv", "intent": "read", "labels": "confidential,hr", **DENIED, "action": None, "outcome": "success"}),
    ("net.connect", {"protocol": "tcp", "src_ip": "fd00::9", "src_port": 40000, "dst_ip": "2001:db8::1", "dst_port": 443, "dst_name": "api.example.com"}),
    ("net.connect", {"protocol": "tcp", "dst_ip": "10.0.0.7", "dst_port": 80, "errno": 115}),
    ("net.connect", {"protocol": "tcp", "dst_ip": "10.0.0.8", "dst_port": 80, "outcome": "failure", "errno": 111}),
    ("net.connect", {"protocol": "tcp", "src_ip": "10.0.0.2", "src_port": 5, "dst_ip": "203.0.113.9", "dst_port": 4444, "dst_name": "evil.example", **DENIED}),
    ("net.connect", {"protocol": "unix", "path": "/run/x.sock"}),
    ("net.listen", {"protocol": "tcp", "src_ip": "0.0.0.0", "src_port": 8080}),
    ("net.accept", {"protocol": "tcp", "src_ip": "192.168.1.2", "src_port": 8080, "dst_ip": "192.168.1.3", "dst_port": 50000}),
    ("net.send", {"protocol": "udp", "dst_ip": "127.0.0.53", "dst_port": 53}),
    ("dns.query", {"protocol": "udp", "src_ip": "127.0.0.1", "src_port": 6, "verdict": "allow", "rule": "names", "policy": "p", "severity": "low", "dst_ip": "127.0.0.53", "dst_port": 53, "dst_name": "example.com"}),
    ("registry.set", {"path": "HKEY_LOCAL_MACHINE\\Software\\Run"}),
    ("kernel.io_uring", {}),
    ("file.chmod", {"path": "/w/run.sh"}),
    ("file.write", {"path": "/etc/x", **DENIED, "enforcement": "failed", "action": "kill", "outcome": "success"}),
    ("exec", {"exe": "/usr/bin/nc", "path": "/usr/bin/nc", **DENIED}),
    ("exit", {"exit_code": None, "signal": 9}),
    ("file.read", dict.fromkeys(("agent_run", "agent", "user", "uid", "process_key", "pid", "parent_key", "exe", "cmdline", "path", "host", "outcome", "errno"))),
]  # fmt: skip
"""What the lake made by hand has, in order; a row's number is its seq."""


@pytest.fixture(scope="session")
def by_hand_lake(tmp_path_factory) -> Lake:
    root = tmp_path_factory.mktemp("by_hand")
    proof = '[{"boot_id":"boot","source":"ebpf","cpu":0,"class":"file","seq":7,"time_ns":1},{"boot_id":"boot","source":"ebpf","cpu":0,"class":"network","seq":11}]'
    finding = {"id": "f1", "time": at(40), "host": "vm", "agent_run": "run1", "rule": "leak", "policy": "p", "severity": "critical",
               "title": 'a "secret" left', "attack": "T1552.001,AML.T0024", "evidence": proof}  # fmt: skip
    action = {
        "id": "a1",
        "boot_id": "boot",
        "action": "kill",
        "host": "vm",
        "agent_run": "run1",
        "rule": "r",
        "policy": "p",
        "object": "/etc/x",
        "actor": "policy",
    }
    asked = {"id": "q1", "host": "vm", "agent_run": "run1", "agent": "codex", "rule": "ask-rule"}
    with LakeWriter(root, "vm") as writer:
        writer.append("activity", events(BY_HAND))
        writer.append("runs", table("runs", [{"run": "run1", "state": "started", "time": at(0), "started": at(0), "host": "vm",
                                              "agent": "codex", "user": "dev", "command": "codex", "mode": "enforce", "policy": "p"}]))  # fmt: skip
        writer.append("findings", table("findings", [
            finding, finding, finding | {"id": "f2", "rule": "lictor:action-failed", "severity": "high", "evidence": '{"action": "kill"}', "attack": None},
            finding | {"id": "f3", "policy": None, "severity": "low", "evidence": "no JSON"},
        ]))  # fmt: skip
        writer.append("actions", table("actions", [
            action | {"time": at(30), "phase": "intent"},
            action | {"time": at(30.25), "phase": "result", "enforcement": "failed", "evidence": "still there"},
            action | {"id": "a2", "time": at(31), "phase": "intent", "action": "freeze", "object": None},
        ]))  # fmt: skip
        writer.append("requests", table("requests", [
            asked | {"time": at(32), "state": "waiting"},
            asked | {"time": at(33), "state": "released", "decided_by": "eve", "decided_uid": 1001, "why": "fine"},
        ]))  # fmt: skip
        writer.append("policies", table("policies", [
            {"version": "v1", "policy": "p", "time": at(-1), "host": "vm", "state": "in_force", "file": "p.yaml", "text": "x"},
            {"policy": "p", "time": at(34), "host": "vm", "state": "refused", "file": "p.yaml", "reason": "line 3: no such key"},
        ]))  # fmt: skip
        writer.append("coverage", table("coverage", [
            {"host": "vm", "boot_id": "boot", "source": "ebpf", "cpu": c, "class": "file", "since": at(0), "until": at(9), **counts}
            for c, counts in ((0, {"reason": "none", "emitted": 10, "delivered": 10, "lost": 0}), (1, {"reason": "none", "emitted": 10, "delivered": 5, "lost": 0}),
                              (1, {"reason": "ring_full", "emitted": 0, "delivered": 0, "lost": 5}))
        ] + [{"host": "vm", "source": "lake", "reason": "log_damaged", "since": at(20), "until": at(21)}]))  # fmt: skip
    return Lake(root, views=catalog.views())


@pytest.fixture(scope="session")
def by_hand(by_hand_lake) -> Kept:
    return Kept(by_hand_lake)


@pytest.fixture(scope="session", params=["attack", "coding"])
def sample(request, tmp_path_factory) -> SimpleNamespace:
    """A replayed trace: ``lake``, and ``rows`` of the trace itself, which no view has touched."""
    root = tmp_path_factory.mktemp(request.param)
    assert invoke(["replay", str(SAMPLES / request.param), "--lake", str(root)]) in {0, 1}
    rows = pq.read_table(SAMPLES / request.param / "trace.parquet").to_pylist()
    return SimpleNamespace(lake=Kept(Lake(root)), rows=rows)


@pytest.fixture
def ask(by_hand):
    """Rows of a query to the lake made by hand."""
    return lambda sql: by_hand.query(sql).to_pylist()
