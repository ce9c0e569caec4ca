"""A run whose every name tries something with whoever shows it: markup that would run, terminal codes, turned writing, formulas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from pipeline import schema
from pipeline.lake.writer import LakeWriter

RUN = "hostile-run"
MARK = "pwned"
"""A global of the page that every payload would set."""
PAYLOADS = (
    f"<img src=x onerror=\"window.{MARK}='img'\">",
    f"<script>window.{MARK}='script'</script>",
    f"\"'><svg onload=window.{MARK}='svg'>",
    f"[click](javascript:window.{MARK}='link')",
    f"{{{{constructor.constructor('window.{MARK}=1')()}}}}",
    "line\none\r\x1b[2J\x1b[31mred\x1b[0m",
    "invoice\u202efdp.exe\u2066\u200b",
    "=cmd|'/C calc'!A0",
    "@SUM(1+1)*cmd|'/C calc'!A0",
    "$\\color{red}{x}$ **bold** :material/delete: <b>b</b>",
)
ALL = " ".join(PAYLOADS)
NAME = f"evil {PAYLOADS[0]}\u202e\x1b[31m\n{PAYLOADS[3]}"
"""Of an agent, a host, a user, a rule and a policy."""
INVISIBLE = set("\x1b\r\u202e\u2066\u200b")
"""Characters of the above that no page may hold, in sight or not."""


def add(folder):
    """Write it into a lake: activity, the run, processes, findings, actions, a question, losses."""
    now = datetime.now(UTC) - timedelta(minutes=30)
    common = {"host": NAME, "agent": NAME, "user": NAME, "agent_run": RUN}
    rows = [row(now + timedelta(seconds=n), n, common, payload) for n, payload in enumerate((*PAYLOADS, ALL))]
    run = {
        "run": RUN, "state": "ended", "time": now + timedelta(minutes=2), "started": now, "ended": now + timedelta(minutes=2),
        "host": NAME, "boot_id": "b", "source": "ebpf", "agent": NAME, "command": ALL, "cwd": ALL, "user": NAME,
        "policy": NAME, "policy_version": "0" * 64, "mode": "enforce", "exit_code": 1, "events": len(rows), "denied": len(rows), "lost": 0,
    }  # fmt: skip
    tables = {
        "activity": rows,
        "runs": [run],
        "processes": [{"process_key": 1, "time": now, "host": NAME, "boot_id": "b", "agent_run": RUN, "pid": 7, "exe": ALL, "cmdline": ALL, "cwd": ALL, "uid": 1000}],
        "findings": [{"id": "hostile-finding", "time": now, "host": NAME, "agent_run": RUN, "rule": NAME, "policy": NAME, "severity": "critical", "title": ALL, "attack": "T1059", "evidence": None}],
        "actions": [{"id": "hostile-action", "time": now, "phase": phase, "action": "deny", "host": NAME, "boot_id": "b", "agent_run": RUN, "process_key": 1, "pid": 7, "object": ALL, "rule": NAME, "policy": NAME, "enforced_at": "kernel", "enforcement": seen, "evidence": ALL, "actor": "policy"} for phase, seen in (("intent", None), ("result", "confirmed"))],
        "requests": [{"id": "hostile-question", "time": now, "state": "waiting", "host": NAME, "agent_run": RUN, "agent": NAME, "user": NAME, "uid": 1000, "pid": 7, "exe": ALL, "cmdline": ALL, "operation": "net.connect", "object": ALL, "rule": NAME, "policy": NAME, "because": ALL, "instead": ALL, "change": ALL, "until": datetime.now(UTC) + timedelta(hours=6), "then": "deny"}],
        "coverage": [{"host": NAME, "boot_id": "b", "source": "ebpf", "class": "file", "reason": "ring_full", "since": now, "until": now + timedelta(minutes=2), "emitted": 20, "delivered": 11, "lost": 9}],
        "policies": [{"version": "0" * 64, "policy": NAME, "time": now, "host": NAME, "state": state, "file": ALL, "text": ALL, "reason": reason} for state, reason in (("in_force", None), ("refused", ALL))],
    }  # fmt: skip
    with LakeWriter(folder, "hostile") as writer:
        for table, listed in tables.items():
            writer.append(table, pa.Table.from_pylist(listed, schema.lake_schema(table)))


def row(moment, number, common, payload):
    """One denied write of a file that is called so, by a program with such a command line."""
    time_ns = int(moment.timestamp() * 1e6) * 1000
    return {
        **common, "time": moment, "time_ns": time_ns, "boottime_ns": time_ns % 10**15, "boot_id": "b", "source": "ebpf", "cpu": 0,
        "seq": number, "class": "file", "operation": "file.create", "outcome": "denied", "errno": 1, "process_key": 1, "pid": 7, "tid": 7,
        "uid": 1000, "exe": payload, "cmdline": payload, "cwd": payload, "path": payload, "verdict": "deny", "rule": NAME, "policy": NAME,
        "policy_version": "0" * 64, "severity": "high", "labels": "credential", "action": "deny", "enforced_at": "kernel",
        "enforcement": "confirmed", "marks": '{"CLAUDECODE": "1"}', "tool_call": payload, "tool": payload,
    }  # fmt: skip
