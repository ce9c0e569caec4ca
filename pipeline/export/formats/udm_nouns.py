"""What UDM events of every table are built of: the frame of an event, machines, users, processes, and how bad it is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pipeline import schema
from pipeline.export.formats import facts, leaves, product
from pipeline.export.formats.identity import event_id, event_moment, severity_level
from pipeline.export.formats.joining import joined
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import choice, constant, digits, first, text
from pipeline.export.formats.tree import Const, Members, Node, Object

_SEVERITIES: dict[str, leaves.Value] = {"0": "INFORMATIONAL", "1": "LOW", "2": "MEDIUM", "3": "HIGH", "4": "CRITICAL"}
BLOCKED: dict[str, leaves.Value] = {
    "ask": "CHALLENGE",
    "deny": "BLOCK",
    "freeze": "BLOCK",
    "quarantine": "QUARANTINE",
    "isolate": "BLOCK",
    "kill": "BLOCK",
}
"""What UDM calls the strong verdicts."""

UNKNOWN = constant("unknown")


def event(
    table: str, type_: Node, members: Mapping[str, Node], groups: tuple[Members, ...] = (), kept: tuple[str, ...] = ()
) -> Object:
    """The members with the metadata of a table; ``additional`` holds every column that none of them tells whole."""
    named = {
        "activity": "operation",
        "findings": "rule",
        "actions": "action",
        "requests": "state",
        "runs": "state",
        "policies": "state",
    }
    metadata: dict[str, Node] = {
        "event_timestamp": event_moment(table),
        "event_type": type_,
        "vendor_name": Const(product.VENDOR),
        "product_name": Const(product.PRODUCT),
        "product_version": Const(product.version()),
        "product_event_type": text(named[table]) if table in named else Const(table),
        "product_log_id": event_id(table),
    }
    every: dict[str, Node] = {"metadata": Object(metadata), **members}
    nodes = [*groups, *every.values()]
    shared = _told() if table == "activity" else ()
    every["additional"] = leaves.rest(table, nodes, ("time_ns", *kept), {"table": Const(table)}, shared)
    return Object(every, groups=groups)


@cache
def _told() -> tuple[Members, ...]:
    names = (
        "class", "agent", "agent_version", "agent_run", "initiator", "initiator_evidence", "cgroup", "cmdline_bytes", "join_confidence",
        "marks", "dst_name_from", "enforced_at", "enforcement", "outcome", "errno", "verdict", "action", "quality", "container", "cwd",
        "conversation", "tool_call", "tool", "trace_id", "span_id", "exit_code", "signal", "source", "severity",
    )  # fmt: skip
    return (Members({c.name: leaves.of_column(c) for c in schema.ACTIVITY if c.name in names}, shared=True),)


def severity(table: str) -> Leaf:
    """How bad an event of a table is."""
    return choice(leaves.as_text(severity_level(table)), _SEVERITIES, "INFORMATIONAL", "INFORMATIONAL")


def key(column: str) -> Leaf:
    """``product_specific_process_id`` wants the product's name in front."""
    return leaves.derived(facts.key(column), lambda keys: joined(["LICTOR:", keys]))


def user() -> Object:
    """Whom the process acts for."""
    return Object({"userid": first(text("user"), digits("uid")), "product_object_id": digits("uid")})


def file_of(column: str, hashed: str | None = None) -> Object:
    """A file by a column with its path, and maybe one with its SHA-256."""
    return Object({"full_path": text(column), **({"sha256": text(hashed)} if hashed else {})})


def process() -> Object:
    """The process of a row and its parent."""
    return Object(
        {
            "pid": digits("pid"),
            "product_specific_process_id": key("process_key"),
            "file": file_of("exe", "exe_sha256"),
            "command_line": text("cmdline"),
            "parent_process": Object({"product_specific_process_id": key("parent_key"), "file": file_of("parent_exe")}),
        }
    )


def principal(**members: Node) -> Object:
    """Who acts; the machine must be named."""
    return Object(
        {
            "hostname": first(leaves.filled("host"), UNKNOWN),
            "user": user(),
            "application": text("agent"),
            **(members or {"process": process()}),
        }
    )


def machine() -> Object:
    """The host; UDM wants its name in every event."""
    return Object({"hostname": first(leaves.filled("host"), UNKNOWN)})
