"""What CEF and LEEF say alike: which pairs a row has, under the names of either.

Each format gives a name to the same leaves; so a value is found in one wherever it is found in the other.
"""

from __future__ import annotations

from functools import cache

from pipeline import schema
from pipeline.export.formats import facts, leaves
from pipeline.export.formats.identity import event_id, event_milliseconds, severity_level
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import choice, digits, first, number, text

LEVELS: dict[str, leaves.Value] = {"0": 1, "1": 3, "2": 5, "3": 8, "4": 10}
"""The severities of Lictor on the scale from 0 to 10 that both formats use."""

TITLES = {
    "findings": "Finding", "actions": "Action", "requests": "Question", "runs": "Agent run", "coverage": "Coverage",
    "policies": "Policy",
}  # fmt: skip
"""What a row of a table is called where it has no name of its own."""

_SIGNATURES = {
    "activity": "operation", "findings": "rule", "actions": "action", "requests": "state", "runs": "state", "coverage": "reason",
    "policies": "state",
}  # fmt: skip


_MESSAGES = {"findings": "title", "actions": "evidence", "requests": "because", "policies": "reason"}
"""Where a table keeps words for a person."""


@cache
def severity(table: str) -> Leaf:
    """0 to 10."""
    return choice(leaves.as_text(severity_level(table)), LEVELS, 1, 1)


@cache
def signature(table: str) -> Leaf:
    """What kind of event it is, never empty: the operation, the rule, the action, the state."""
    return first(leaves.filled(_SIGNATURES[table]), leaves.constant(table))


@cache
def title(table: str) -> Leaf:
    """The event for a person, never empty."""
    if table == "activity":
        meanings: dict[str, leaves.Value] = {o.name: o.meaning for o in schema.OPERATIONS}
        return choice("operation", meanings, "activity", "activity")
    named = [leaves.filled("title")] if table == "findings" else []
    return first(*named, leaves.constant(TITLES[table]))


def action(table: str) -> Leaf | None:
    """What was done or said about it: the action where one was taken, else the verdict."""
    has = {c.name for c in schema.TABLES[table]}
    named = [text(name) for name in ("action", "verdict", "state") if name in has]
    return first(*named) if named else None


def slow(table: str) -> dict[str, Leaf]:
    """Values that take few different values together, by a name of their own."""
    has = {c.name for c in schema.TABLES[table]}
    wanted: dict[str, Leaf] = {name: text(name) for name in _TEXTS if name in has}
    if table == "runs":
        wanted |= {
            "agent_run": text("run"),
            "cmdline": text("command"),
            "process_key": facts.key("root_key"),
            "pid": number("root_pid"),
        }
    wanted |= {name: facts.key(name) for name in ("process_key", "parent_key") if name in has}
    wanted |= {
        name: number(name) for name in ("pid", "exit_code", "signal", "lost", "delivered", "emitted") if name in has
    }
    if "uid" in has:
        wanted["uid"] = digits("uid")
    if "exe" in has:
        wanted["exe_name"] = facts.basename("exe")
    if "errno" in has:
        wanted["error"] = facts.error_name("errno")
    return wanted


_TEXTS = (
    "host", "user", "exe", "cmdline", "cwd", "agent", "agent_run", "parent_exe", "exe_sha256", "outcome", "verdict", "action",
    "rule", "policy", "conversation", "tool_call", "tool", "intent", "quality", "enforcement", "enforced_at", "phase", "actor",
    "state", "attack", "why", "decided_by", "source", "class", "container", "initiator", "mode", "labels",
)  # fmt: skip


def quick(table: str) -> dict[str, Leaf]:
    """Values that are new in most rows."""
    has = {c.name for c in schema.TABLES[table]}
    wanted: dict[str, Leaf] = {"time": event_milliseconds(table), "id": event_id(table)}
    wanted |= {
        name: text(name)
        for name in ("path", "path_to", "sha256", "script", "dst_name", "protocol", "object")
        if name in has
    }
    if table in _MESSAGES:
        wanted["message"] = text(_MESSAGES[table])
    if "path" in has:
        wanted["name"] = facts.basename("path")
    if "ino" in has:
        wanted |= {
            "ino": digits("ino"),
            "child_key": facts.key("child_key"),
            "child_pid": number("child_pid"),
            "bytes": facts.natural("bytes"),
        }
    if "dst_ip" in has:
        wanted |= {
            "src4": facts.address("src_ip", 4), "src6": facts.address("src_ip", 6), "dst4": facts.address("dst_ip", 4),
            "dst6": facts.address("dst_ip", 6), "src": facts.address("src_ip"), "dst": facts.address("dst_ip"),
            "src_port": facts.port("src_port"), "dst_port": facts.port("dst_port"),
        }  # fmt: skip
    return wanted
