"""A small world of findings, each kind once: rows, what people said of them, and what was done."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from dashboards import context, who
from dashboards.interface import Account, Ports, Role

T = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOSTILE = "x\n\x1b[31m\u202e<script>alert(1)</script>"


def ns(at: datetime) -> int:
    return int(at.timestamp()) * 10**9 + at.microsecond * 1000


def row(seq, at, **more):
    """A row of activity."""
    return {
        "time": at, "time_ns": ns(at) + 7, "boot_id": "b1", "source": "ebpf", "cpu": 1, "class": "file", "seq": seq, "host": "h1",
        "agent_run": "r1", "operation": "file.read", "path": f"/home/ann/{seq}", "verdict": "deny", "policy_version": "v1",
        "cmdline": f"cat secret-{seq}", **more,
    }  # fmt: skip


def identity(of):
    return {name: of[name] for name in ("boot_id", "source", "cpu", "class", "seq", "time_ns")}


ROWS = [row(1, T), row(2, T + timedelta(seconds=2)), row(3, T + timedelta(days=1))]
DECOYS = [
    row(1, T, boot_id="b2"),
    row(1, T, cpu=2),
    row(2, T + timedelta(seconds=2), **{"class": "network"}),
    row(9, T),
]


def finding(id_, at=T, rows=(), **more):
    return {
        "id": id_, "time": at, "host": "h1", "agent_run": "r1", "rule": "hunt:denied_then_done", "severity": "high", "title": "Denied",
        "attack": "T1562,AML.T0107", "evidence": json.dumps([identity(r) for r in rows]), **more,
    }  # fmt: skip


def said(at, status, finding_, **more):
    """A row of console about a status."""
    return {
        "id": f"c{at:%H%M%S}{status[:2]}", "time": at, "account": "bea", "role": "analyst", "act": "triage", "outcome": "success",
        "object": finding_, "status": status, **more,
    }  # fmt: skip


def done(id_, at, **more):
    return [
        {"id": id_, "time": at, "phase": "intent", "action": "kill", "host": "h1", "agent_run": "r1", **more},
        {"id": id_, "time": at + timedelta(milliseconds=3), "phase": "result", "action": "kill", "host": "h1", "agent_run": "r1",
         "enforcement": "failed", "evidence": "pid 7 lives", **more},
    ]  # fmt: skip


WORLD = {
    "activity": ROWS + DECOYS,
    "findings": [
        finding("f1", rows=ROWS[:2]),
        finding("f1", T + timedelta(minutes=9), rows=ROWS[:2]),
        finding("f2", T + timedelta(minutes=1), severity="critical", rule="keys-then-network", policy="base", attack="T1552.001", rows=[]),
        finding("f3", T + timedelta(minutes=2), rule="lictor:action-failed", title=HOSTILE, attack=None,
                evidence=json.dumps({"action": "kill", "object": HOSTILE})),
        finding("f4", T + timedelta(days=2), agent_run="r2", severity=None, rows=[ROWS[2], row(77, T)]),
        finding("f5", T + timedelta(days=2), host="h2", agent_run=None, rule="sigma:123", severity="low"),
    ],
    "runs": [
        {"run": "r1", "state": "ended", "time": T, "started": T, "ended": T + timedelta(seconds=9), "agent": "codex", "user": "ann",
         "host": "h1", "policy": "base+own", "policy_version": "v1v2", "mode": "enforce"},
        {"run": "r2", "state": "started", "time": T, "started": T, "agent": "gemini", "user": "bob", "host": "h1"},
    ],
    "console": [
        said(T + timedelta(hours=1), "acknowledged", "f2"),
        said(T + timedelta(hours=2), "false_positive", "f2", note="a test of ours", account="cem"),
        said(T + timedelta(hours=3), "resolved", "f2", outcome="denied"),
        said(T + timedelta(hours=3), "resolved", "f2", act="view"),
    ],
    "actions": [
        *done("a1", T + timedelta(seconds=1)), *done("a2", T + timedelta(minutes=59)), *done("a3", T + timedelta(hours=2)),
        *done("a4", T, agent_run=None), *done("a5", T, agent_run="r2"),
    ],
    "policies": [
        {"version": "v1", "policy": "base", "time": T - timedelta(days=1), "host": "h1", "state": "in_force", "file": "/p/base.yaml", "text": "old base"},
        {"version": "v2", "policy": "own", "time": T - timedelta(days=2), "host": "h1", "state": "in_force", "file": "/p/own.yaml", "text": "own"},
        {"version": "v3", "policy": "own", "time": T + timedelta(days=2), "host": "h1", "state": "in_force", "file": "/p/own.yaml", "text": "later"},
        {"version": "v4", "policy": "own", "time": T - timedelta(days=1), "host": "h2", "state": "in_force", "file": "/p/own.yaml", "text": "elsewhere"},
    ],
    "coverage": [
        {"host": "h1", "source": "ebpf", "class": "file", "since": T - timedelta(seconds=5), "until": T + timedelta(seconds=5), "emitted": 10,
         "delivered": 9, "lost": 1, "reason": "ring_full"},
        {"host": "h2", "source": "ebpf", "class": "file", "since": T, "until": T + timedelta(seconds=5), "emitted": 1, "delivered": 1, "lost": 0, "reason": "none"},
    ],
}  # fmt: skip


@pytest.fixture(scope="session")
def world(lake_of, tmp_path_factory):
    return lake_of(tmp_path_factory.mktemp("findings") / "lake", **WORLD)


@pytest.fixture
def looking(world, journal):
    """Somebody looks at that world; ``looking(role)`` says who."""

    def by(role=Role.analyst, name="ann"):
        account = Account(name, role, "local")
        context.install(Ports(world, journal, facts=[("Lictor", "9.9")]))
        who.recognise_by(lambda: account)
        return account

    yield by
    context._installed.clear()
    who._known.clear()
