"""Rows of ``requests``: what a held run waits for, and how it was decided, by whom.

Who did what is read from ``/proc`` while the run stands still; what would have to change in the policy is worked
out from the policy itself, while it waits.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline import schema
from pipeline.policy.analysis.smallest import smallest_change

if TYPE_CHECKING:
    from enforcer.decisions import Decision
    from enforcer.holds import Hold
    from lictor.live import LiveRun
    from pipeline.policy.context import RunContext
    from pipeline.policy.model import Policy

STATES = {"release": "released", "deny": "denied", "kill": "killed"}


def waiting(hold: Hold, live: LiveRun) -> dict[str, Any]:
    """The row of a question that was just asked."""
    order = hold.order
    rule = live.rule(order.rule)
    exe, cmdline = _program(order.pid)
    until = datetime.now(UTC) + timedelta(seconds=hold.seconds)
    return {
        "id": hold.id, "time": time.time_ns() // 1000, "state": "waiting", "host": live.host, "boot_id": live.boot_id,
        "agent_run": live.id, "agent": live.agent, "user": live.user, "uid": live.uid, "process_key": order.process_key,
        "pid": order.pid, "exe": exe, "cmdline": cmdline, "operation": hold.operation, "object": order.object,
        "rule": order.rule, "policy": order.policy, "because": rule.because if rule else None,
        "instead": rule.instead if rule else None, "change": None, "until": until, "then": hold.then,
        "decided_by": None, "decided_uid": None, "decided_login": None, "decided_account": None, "why": None,
    }  # fmt: skip


def decided(row: dict[str, Any], decision: Decision) -> dict[str, Any]:
    """The same question, answered."""
    return row | {
        "time": time.time_ns() // 1000, "state": STATES[decision.then], "decided_by": decision.actor,
        "decided_uid": decision.uid, "decided_login": decision.login, "decided_account": decision.account,
        "why": decision.why,
    }  # fmt: skip


def gone(row: dict[str, Any]) -> dict[str, Any]:
    """The same question, of a run that has ended meanwhile."""
    return row | {"time": time.time_ns() // 1000, "state": "gone"}


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as the lake takes them."""
    return pa.Table.from_pylist(rows, schema=schema.lake_schema("requests"))


def _program(pid: int) -> tuple[str | None, str | None]:
    try:
        exe = str(Path(f"/proc/{pid}/exe").readlink())
        said = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0")
    except OSError:
        return None, None
    if (
        not said
    ):  # no words yet in the middle of an exec, or it has blanked them: the row must not claim that there were none
        return exe, None
    words = said.split(b"\0")
    return exe, shlex.join(word.decode("utf-8", "backslashreplace") for word in words)


def smallest(row: dict[str, Any], policies: Sequence[Policy], context: RunContext) -> str | None:
    """The smallest change of the policies that would have let it pass; ``None`` where that cannot be told.

    Takes some tenths of a second: each proposal is tried before it is made.
    """
    known = {"operation": row["operation"], "exe": row["exe"], "user": row["user"]}
    if row["operation"] == "exec":
        known["cmdline"] = row["cmdline"]
    return smallest_change(policies, context, known | _object(row["operation"], row["object"]))


def _object(operation: str | None, what: str | None) -> dict[str, Any]:
    if what is None or not (operation or "").startswith("net."):
        return {"path": what}
    address, _, port = what.rpartition(":")
    return {"dst_ip": address.strip("[]"), "dst_port": int(port)} if port.isdigit() else {"dst_ip": what.strip("[]")}
