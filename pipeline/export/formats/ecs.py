"""ECS, the Elastic Common Schema (9.x): each row as a document, ready for Elasticsearch.

Names and allowed values are ECS's own; what has no field there stands under ``lictor``, the product's namespace, as
ECS asks for custom fields. Process keys are ``process.entity_id``, so that Elastic's process views join.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pyarrow as pa

from pipeline import schema
from pipeline.export.formats import facts, leaves
from pipeline.export.formats.ecs_records import RECORDS, document
from pipeline.export.formats.identity import event_id, event_moment, severity_level
from pipeline.export.formats.interface import EVENTS, Format
from pipeline.export.formats.kinds import OTHER, activity_kind
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import choice, constant, digits, first, number, text
from pipeline.export.formats.tree import Array, Const, Members, Node, Object
from pipeline.export.formats.writing import by_tree, encode

_CATEGORIES = {
    "process": '["process"]', "file": '["file"]', "network": '["network"]', "dns": '["network"]', "registry": '["configuration","registry"]',
    "kernel": '["host"]', "ui": '["host"]', "agent": '["api"]', "finding": '["intrusion_detection"]',
    "action": '["intrusion_detection"]', "health": '["host"]',
}  # fmt: skip

_TYPES = {
    "fork": '["start"]', "exec": '["start"]', "exit": '["end"]', "file.open": '["access"]', "file.read": '["access"]',
    "file.write": '["change"]', "file.create": '["creation"]', "file.delete": '["deletion"]', "file.rename": '["change"]',
    "file.link": '["creation"]', "file.symlink": '["creation"]', "file.chmod": '["change"]', "file.mkdir": '["creation"]',
    "file.truncate": '["change"]', "net.connect": '["connection","start"]', "net.accept": '["connection","start"]',
    "net.bind": '["info"]', "net.listen": '["info"]', "net.send": '["connection"]', "kernel.io_uring": '["info"]',
}  # fmt: skip

_OUTCOMES = {"success": "success", "failure": "failure", "denied": "failure"}
_DIRECTIONS = {"net.connect": "egress", "net.send": "egress", "net.accept": "ingress"}
_FILE_TYPES: dict[str, leaves.Value] = {
    "file": "file", "directory": "dir", "symlink": "symlink", "socket": "socket", "block": "device", "character": "device", "fifo": "fifo",
}  # fmt: skip


class Ecs(Format):
    """One document per row. ``processes`` has none: ``activity`` tells each start of a program."""

    name = "ecs"
    content_type = "application/json"
    tables = EVENTS

    def events(self, table: str, rows: pa.Table) -> pa.Array:
        """One document per row."""
        made = trees(table)
        kind_of = activity_kind(tuple(made)) if table == "activity" else constant(table)
        return encode(table, rows, by_tree(made), kind_of)


@cache
def trees(table: str) -> dict[str, Object]:
    """Every kind of document of a table, by name."""
    if table == "activity":
        return {
            "fork": _activity(_child()),
            "process": _activity(),
            "file": _file(),
            "network": _network(),
            OTHER: _activity(),
        }
    return {table: RECORDS[table]()}


@cache
def _ours() -> Members:
    names = (
        "class", "errno", "agent_version", "initiator", "initiator_evidence", "cgroup", "cmdline_bytes", "join_confidence", "marks",
        "dst_name_from", "verdict", "action", "enforced_at", "enforcement", "quality", "severity", "outcome",
    )  # fmt: skip
    return Members({c.name: leaves.of_column(c) for c in schema.ACTIVITY if c.name in names}, shared=True)


def _activity(
    process: Object | None = None, members: dict[str, Node] | None = None, unfit: dict[str, Node] | None = None
) -> Object:
    """``process`` is the one that is spoken of, where it is not the one that acts; ``unfit`` what no member could say."""
    subject: dict[str, Node] = {"process": process} if process else {}
    made: dict[str, Node] = {
        "@timestamp": event_moment("activity"),
        "event": Object(
            {
                "kind": Const("event"),
                "module": Const("lictor"),
                "dataset": Const("lictor.activity"),
                "id": event_id("activity"),
                "sequence": number("seq"),
            },
            groups=[_event()],
        ),
        **subject,
        **(members or {}),
    }
    return document("activity", made, [_who() if process else _who_acts()], ("time_ns", "mode"), unfit, [_ours()])


@cache
def _event() -> Members:
    """What the row is, in ECS's four lists of allowed values."""
    # The operation decides: its type is one that ECS expects in its own category only.
    of_operation = choice("operation", {o.name: _CATEGORIES[o.activity_class] for o in schema.OPERATIONS})
    category = replace(first(of_operation, choice("class", dict(_CATEGORIES), '["host"]', '["host"]')), is_json=True)
    type_ = replace(choice("operation", dict(_TYPES), '["info"]', '["info"]'), is_json=True)
    level = severity_level("activity")
    return Members(
        {
            "category": category,
            "type": type_,
            "action": text("operation"),
            "outcome": choice("outcome", dict(_OUTCOMES), "unknown", "unknown"),
            "provider": text("source"),
            "severity": level,
        },
        shared=True,
    )


@cache
def _who() -> Members:
    """Host, user, container, rule, agent: the same for each row of a process."""
    return Members(
        {
            "host": Object({"hostname": text("host"), "name": text("host"), "boot": Object({"id": text("boot_id")})}),
            "user": Object({"id": digits("uid"), "name": text("user")}),
            "container": Object({"id": text("container")}),
            "rule": Object({"name": text("rule"), "ruleset": text("policy"), "version": text("policy_version")}),
            "error": Object({"code": facts.error_name("errno")}),
            "trace": Object({"id": text("trace_id")}),
            "span": Object({"id": text("span_id")}),
            "gen_ai": Object(
                {
                    "agent": Object({"name": text("agent"), "id": text("agent_run")}),
                    "tool": Object({"name": text("tool"), "call": Object({"id": text("tool_call")})}),
                }
            ),
        },
        shared=True,
    )


@cache
def _program() -> Members:
    """What the process runs."""
    return Members(
        {
            "entity_id": facts.key("process_key"),
            "pid": number("pid"),
            "executable": text("exe"),
            "name": facts.basename("exe"),
            "command_line": text("cmdline"),
            "working_directory": text("cwd"),
            "hash": Object({"sha256": text("exe_sha256")}),
            "exit_code": number("exit_code"),
            "thread": Object({"id": number("tid")}),
            "parent": Object(
                {
                    "entity_id": facts.key("parent_key"),
                    "executable": text("parent_exe"),
                    "name": facts.basename("parent_exe"),
                }
            ),
        }
    )


@cache
def _who_acts() -> Members:
    """The same with the acting process."""
    return Members({**_who().members, "process": Object({}, groups=[_program()])}, shared=True)


def _child() -> Object:
    """The process that a fork made; its parent is the one that acts."""
    parent = {
        "entity_id": facts.key("process_key"),
        "pid": number("pid"),
        "executable": text("exe"),
        "name": facts.basename("exe"),
    }
    return Object(
        {
            "entity_id": facts.key("child_key"),
            "pid": number("child_pid"),
            "executable": text("exe"),
            "command_line": text("cmdline"),
            "working_directory": text("cwd"),
            "parent": Object({**parent, "command_line": text("cmdline")}),
        }
    )


def _related(*more: tuple[str, tuple[Leaf, ...]]) -> Object:
    """Values to pivot on, of whatever field."""
    lists = {
        "user": (text("user"),),
        "hosts": (text("host"),),
        "hash": (text("exe_sha256"), text("sha256")),
        **dict(more),
    }
    return Object({name: Array(leaves_) for name, leaves_ in lists.items()})


def _file() -> Object:
    file = Object(
        {"inode": digits("ino"), "hash": Object({"sha256": text("sha256")})},
        groups=[
            Members({"path": text("path"), "name": facts.basename("path"), "directory": facts.dirname("path")}),
            Members({"type": facts.file_kind("mode", dict(_FILE_TYPES)), "mode": facts.permissions("mode")}),
            Members({"target_path": text("path_to")}),
        ],
    )
    return _activity(None, {"file": file, "related": _related()})


def _network() -> Object:
    """ECS takes any text as an address, and an IP where it is one."""
    members: dict[str, Node] = {
        "source": Object({"address": text("src_ip"), "ip": facts.address("src_ip"), "port": facts.port("src_port")}),
        "destination": Object(
            {
                "address": first(text("dst_ip"), text("path")),
                "ip": facts.address("dst_ip"),
                "port": facts.port("dst_port"),
                "domain": text("dst_name"),
            }
        ),
        "network": Object(
            {"bytes": facts.natural("bytes")},
            groups=[
                Members(
                    {
                        "transport": text("protocol"),
                        "direction": choice("operation", dict(_DIRECTIONS)),
                        "type": _ip_type(),
                    }
                )
            ],
        ),
        "related": _related(("ip", (facts.address("src_ip"), facts.address("dst_ip")))),
    }
    # A socket's path is the destination's address; beside an IP it would be lost.
    path = facts.where_any(text("path"), (text("dst_ip"),))
    return _activity(None, members, {**facts.unfit_network(), "path": path})


def _ip_type() -> Leaf:
    return choice(leaves.as_text(facts.ip_version("dst_ip")), {"4": "ipv4", "6": "ipv6"})
