"""What every OCSF event of Lictor has: class and activity, time, severity, what came of it, where, and by whom.

OCSF 1.8.0 (schema.ocsf.io, March 2026; 1.9 is not released). Objects whose constraint wants one of several members
are left out where a row has none of them, unless the class requires the object; then they say ``unknown``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.export.formats import facts, leaves, product
from pipeline.export.formats.identity import event_id, event_milliseconds, severity_level
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import choice, constant, digits, first, number, text
from pipeline.export.formats.rows import Rows
from pipeline.export.formats.tree import Array, Const, Members, Node, Object

VERSION = "1.8.0"
UNKNOWN = "unknown"
NOT_KNOWN = constant(UNKNOWN)

_SEVERITY_IDS = {name: level + 1 for level, name in enumerate(schema.SEVERITIES)}
_STATUS_IDS = {"success": 1, "failure": 2, "denied": 2}


def event(
    table: str,
    class_uid: int,
    activity: int | Leaf,
    members: Mapping[str, Node],
    *,
    groups: Sequence[Members] = (),
    actor_: Object | None = None,
    profiles: tuple[str, ...] = ("host",),
    kept: tuple[str, ...] = (),
    unfit: Mapping[str, Leaf] | None = None,
) -> Object:
    """An event: the common members, those of its class, and in ``unmapped`` every column that none of them is made of.

    ``activity`` is the activity_id; ``actor_`` who did it, where that is another than ``actor`` says; ``kept`` names columns that members tell only in part,
    ``unfit`` adds what members could not tell.
    """
    common: dict[str, Node] = {
        "category_uid": Const(class_uid // 1000),
        "class_uid": Const(class_uid),
        "time": event_milliseconds(table),
        "metadata": _metadata(table, profiles),
    }
    if table == "activity":
        groups, common["actor"] = [circumstances(), *groups], actor_ or actor()
    else:
        common["severity_id"] = _severity_id(table)
    act: dict[str, Node] = {
        "activity_id": Const(activity) if isinstance(activity, int) else activity,
        "type_uid": _type_uid(class_uid, activity),
    }
    if isinstance(activity, int):
        common |= act
    else:
        groups = [Members(act), *groups]
    every = {**common, **members}
    nodes = [*groups, *every.values()]
    more: dict[str, Node] = {"table": Const(table), **(unfit or {})}
    every["unmapped"] = leaves.rest(
        table, nodes, {"time_ns", *kept}, more, [_no_place()] if table == "activity" else []
    )
    return Object(every, groups=groups)


@cache
def _no_place() -> Members:
    """Columns that no class of OCSF 1.8 has a place for, or that the members tell only in part."""
    return Members({name: leaves.of_column(c) for c in schema.ACTIVITY if (name := c.name) in _NO_PLACE}, shared=True)


_NO_PLACE = (
    "class", "outcome", "errno", "agent_version", "agent_run", "initiator", "initiator_evidence", "cgroup", "cmdline_bytes",
    "conversation", "span_id", "join_confidence", "marks", "dst_name_from", "verdict", "rule", "action", "enforced_at",
    "enforcement", "quality",
)  # fmt: skip


def _type_uid(class_uid: int, activity: int | Leaf) -> Node:
    if isinstance(activity, int):
        return Const(class_uid * 100 + activity)

    def made(rows: Rows) -> pa.Array | None:
        ids = activity.make(rows)
        return None if ids is None else pc.add(ids, class_uid * 100)

    return Leaf(activity.columns, made)


def _severity_id(table: str) -> Leaf:
    """OCSF counts from 1, informational; a word that Lictor does not know is 99, other."""
    if "severity" in {c.name for c in schema.TABLES[table]}:
        return choice("severity", _SEVERITY_IDS, 99, 1)
    level = severity_level(table)
    return Leaf(level.columns, lambda rows: pc.add(level.make(rows), 1))


@cache
def severity_name() -> Leaf:
    """The caption of the severity; a word that Lictor does not know stays as it is."""
    return first(choice("severity", {word: word.capitalize() for word in schema.SEVERITIES}), text("severity"))


def _metadata(table: str, profiles: tuple[str, ...]) -> Object:
    columns = {c.name for c in schema.TABLES[table]}
    members: dict[str, Node] = {
        "version": Const(VERSION),
        "product": Object(
            {"name": Const(product.PRODUCT), "vendor_name": Const(product.VENDOR), "version": Const(product.version())}
        ),
        "profiles": Const(list(profiles)),
        "uid": event_id(table),
    }
    if "seq" in columns:
        members["sequence"] = number("seq")
    return Object(members, groups=[_provenance(table)])


@cache
def _provenance(table: str) -> Members:
    columns = {c.name for c in schema.TABLES[table]}
    places = {
        "event_code": "operation",
        "log_provider": "source",
        "correlation_uid": "run" if table == "runs" else "agent_run",
    }
    return Members({place: text(column) for place, column in places.items() if column in columns}, shared=True)


@cache
def device(table: str) -> Object:
    """The host. OCSF wants a kind of device, which Lictor does not know."""
    members: dict[str, Node] = {"type_id": Const(0), "hostname": first(text("host"), NOT_KNOWN)}
    if "boot_id" in {c.name for c in schema.TABLES[table]}:
        members["boot_uid"] = text("boot_id")
    return Object(members, shared=True)


@cache
def user() -> Object:
    """Whom the process acts for."""
    return Object({"name": text("user"), "uid": digits("uid")}, any_of=("name", "uid"))


def file_of(column: str, hashed: str | None = None) -> Object:
    """A file of which the path is known, and maybe its SHA-256."""
    members: dict[str, Node] = {
        "name": facts.basename(column),
        "path": text(column),
        "type_id": Const(0),
    }
    if hashed:
        members["hashes"] = hashes(hashed)
    return Object(members, needs=("name",))


def hashes(column: str) -> Array:
    """A list with one SHA-256."""
    return Array(
        [Object({"algorithm_id": Const(3), "algorithm": Const("SHA-256"), "value": text(column)}, needs=("value",))]
    )


def process(members: Mapping[str, Node], key: str, pid: str | None) -> Object:
    """A process by its key (``uid`` in decimal, ``cpid`` as a UUID) and number; absent where neither is known."""
    names: dict[str, Node] = {"uid": facts.key(key), "cpid": facts.uuid(key)}
    if pid:
        names["pid"] = number(pid)
    return Object({**names, **members}, any_of=[n for n in names if n != "cpid"])


def required_process(members: Mapping[str, Node], key: str, pid: str) -> Object:
    """The same where the class requires it."""
    return Object({"uid": first(facts.key(key), NOT_KNOWN), "cpid": facts.uuid(key), "pid": number(pid), **members})


@cache
def program() -> dict[str, Node]:
    """What a process runs, as Lictor has it on each row of ``activity``."""
    return {
        "name": facts.basename("exe"),
        "file": file_of("exe", "exe_sha256"),
        "cmd_line": text("cmdline"),
        "working_directory": text("cwd"),
        "container": Object({"uid": text("container")}),
        "user": user(),
    }


@cache
def parent() -> Object:
    """The creator of the process."""
    return process({"name": facts.basename("parent_exe"), "file": file_of("parent_exe")}, "parent_key", None)


@cache
def actor(process_: Object | None = None) -> Object:
    """Who did it: the process, its user, and the agent as the application."""
    made = process_ or process({**program(), "parent_process": parent()}, "process_key", "pid")
    return Object({"process": made, "user": user(), "app_name": first(text("agent"), NOT_KNOWN)}, shared=True)


@cache
def circumstances() -> Members:
    """Where, whether it worked, and what the policy said (profile security_control)."""
    return Members(
        {
            "device": device("activity"),
            "severity_id": _severity_id("activity"),
            "severity": severity_name(),
            "status_id": choice("outcome", _STATUS_IDS, 99, 0),
            "status": choice("outcome", {"success": "Success", "failure": "Failure", "denied": "Failure"}),
            "status_code": facts.error_name("errno"),
            "action_id": facts.control(allowed=1, audited=3, noted=3, done=dict.fromkeys(facts.STRONG, 2), failed=3),
            "disposition_id": facts.control(allowed=1, audited=17, noted=15, done=_DISPOSITIONS, failed=27),
            "policy": Object(
                {"name": text("policy"), "version": text("policy_version"), "is_applied": _applied()}, any_of=("name",)
            ),
        },
        shared=True,
    )


_DISPOSITIONS: dict[str, leaves.Value] = {"ask": 14, "deny": 2, "freeze": 14, "quarantine": 3, "isolate": 4, "kill": 2}
"""2 blocked, 3 quarantined, 4 isolated, 14 delayed (held until somebody decides)."""


def _applied() -> Leaf:
    """Whether the control took hold, where it asked for more than a note."""
    leaf = facts.control(allowed=None, audited=None, noted=0, done=dict.fromkeys(facts.STRONG, 1), failed=0)

    def made(rows: Rows) -> pa.Array | None:
        values = leaf.make(rows)
        return None if values is None else values.cast(pa.bool_())

    return Leaf(leaf.columns, made)


def observable(name: str, type_id: int, value: Leaf) -> Object:
    """Something to search for, by the path of the member that holds it."""
    return Object({"name": Const(name), "type_id": Const(type_id), "value": value}, needs=("value",))


@cache
def who() -> Array:
    """The observables of every activity: the host and the user."""
    pair = [observable("device.hostname", 1, text("host")), observable("actor.user.name", 4, text("user"))]
    return Array(pair, inner=True, shared=True)
