"""OCSF detection findings (2004): what rules and hunts found, what was done about it, and what was asked.

An action and a question are findings too: somebody has to see them, and the class has the profile that says what a
control did (security_control).
"""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa

from pipeline.export.formats import attack
from pipeline.export.formats.identity import event_id
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import choice, derived, first, opened, text
from pipeline.export.formats.ocsf import common
from pipeline.export.formats.ocsf.common import device, event
from pipeline.export.formats.tree import Array, Const, Node, Object

FINDING = 2004
_PROFILES = ("host", "security_control")

_ACTIONS: dict[str, int | str | None] = {
    "warn": 3, "ask": 2, "deny": 2, "freeze": 2, "quarantine": 2, "isolate": 2, "kill": 2, "release": 1, "join": 1, "restore": 1,
}  # fmt: skip
"""1 allowed, 2 denied, 3 observed."""

_DISPOSITIONS: dict[str, int | str | None] = {
    "warn": 19, "ask": 14, "deny": 2, "freeze": 14, "quarantine": 3, "isolate": 4, "kill": 2, "release": 1, "join": 9,
    "restore": 9, "purge": 5,
}  # fmt: skip
"""1 allowed, 2 blocked, 3 quarantined, 4 isolated, 5 deleted, 9 restored, 14 delayed, 19 alert."""

_OTHER = 99


def finding() -> Object:
    """A row of ``findings``."""
    info: dict[str, Node] = {
        "uid": first(text("id"), event_id("findings")),
        "title": text("title"),
        "analytic": _rule(),
        "attacks": Leaf(("attack",), attack.ocsf("attack").make, is_json=True),
        "types": attack.others("attack"),
        "related_events": _related("evidence"),
    }
    members: dict[str, Node] = {
        "finding_info": Object(info),
        "device": device("findings"),
        "is_alert": Const(value=True),
        "severity": common.severity_name(),
        "status_id": Const(1),
        "message": text("title"),
        "policy": Object({"name": text("policy")}),
        "evidences": Array([Object({"data": opened("evidence")})]),
    }
    return event("findings", FINDING, 1, members, profiles=_PROFILES)


def action() -> Object:
    """A row of ``actions``: the intent opens the finding, the result closes it."""
    members: dict[str, Node] = {
        "finding_info": Object(
            {"uid": first(text("id"), event_id("actions")), "title": text("action"), "analytic": _rule()}
        ),
        "device": device("actions"),
        "action_id": choice("action", _ACTIONS, _OTHER, 0),
        "action": text("action"),
        "disposition_id": choice("action", _DISPOSITIONS, 7, 0),
        "policy": Object({"name": text("policy")}),
        "status_id": choice("enforcement", {"confirmed": 4, "failed": 2, "unverified": 2}, _OTHER, 1),
        "status_code": text("enforcement"),
        "status_detail": text("evidence"),
        "evidences": _process_evidence("actions"),
    }
    closing = choice("phase", {"intent": 1, "result": 3}, _OTHER, 0)
    return event("actions", FINDING, closing, members, profiles=_PROFILES, kept=("phase",))


def request() -> Object:
    """A row of ``requests``: a question opens a finding, the answer closes it."""
    allowed: dict[str, int | str | None] = {"waiting": 2, "released": 1, "denied": 2, "killed": 2}
    came_of_it: dict[str, int | str | None] = {"waiting": 14, "released": 8, "denied": 2, "killed": 2, "gone": 16}
    info = {"uid": first(text("id"), event_id("requests")), "title": text("because"), "analytic": _rule()}
    members: dict[str, Node] = {
        "finding_info": Object(info),
        "device": device("requests"),
        "actor": Object({"app_name": text("agent"), "user": common.user()}),
        "action_id": choice("state", allowed, _OTHER, 0),
        "disposition_id": choice("state", came_of_it, _OTHER, 0),
        "policy": Object({"name": text("policy")}),
        "status_id": choice("state", {"waiting": 2}, 4, 0),
        "status_detail": text("why"),
        "comment": text("instead"),
        "evidences": _process_evidence("requests"),
    }
    return event(
        "requests", FINDING, choice("state", {"waiting": 1}, 3, 0), members, profiles=_PROFILES, kept=("state",)
    )


def _rule() -> Object:
    return Object({"type_id": Const(1), "uid": text("rule"), "name": text("rule")}, needs=("uid",))


def _process_evidence(table: str) -> Array:
    known = {"cmd_line": text("cmdline"), "path": text("exe")} if table == "requests" else {}
    return Array([Object({"process": common.process(known, "process_key", "pid")})])


def _related(column: str) -> Leaf:
    """The rows that prove a finding, by the uid that they have as events of their own."""
    return replace(
        derived(column, lambda texts: pa.array([_uids(t) for t in texts.to_pylist()], pa.string())), is_json=True
    )


def _uids(evidence: str | None) -> str | None:
    try:
        rows = json.loads(evidence or "null")
        found = [{"uid": "/".join(str(row[n]) for n in ("boot_id", "source", "seq", "cpu", "class"))} for row in rows]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return json.dumps(found) if found else None
