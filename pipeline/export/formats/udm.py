"""UDM, the Unified Data Model of Google Security Operations: each row as a UDM event in JSON (proto3 field names).

Field names and enumerations are those of Google's UDM field list. Each event has an event_type, a timestamp, and a
principal that names a machine, as its usage guide demands; what has no field goes into ``additional``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pyarrow as pa

from pipeline import schema
from pipeline.export.formats import attack, facts, leaves, product
from pipeline.export.formats.identity import event_id, event_moment, severity_level
from pipeline.export.formats.interface import Format
from pipeline.export.formats.kinds import activity_kind
from pipeline.export.formats.leaves import choice, constant, digits, first, text
from pipeline.export.formats.tree import Array, Const, Leaf, Members, Node, Object, joined
from pipeline.export.formats.writing import by_tree, encode

_TYPES: dict[str, leaves.Value] = {
    "fork": "PROCESS_LAUNCH", "exec": "PROCESS_LAUNCH", "exit": "PROCESS_TERMINATION", "file.open": "FILE_OPEN",
    "file.read": "FILE_READ", "file.write": "FILE_MODIFICATION", "file.create": "FILE_CREATION", "file.delete": "FILE_DELETION",
    "file.rename": "FILE_MOVE", "file.link": "FILE_CREATION", "file.symlink": "FILE_CREATION", "file.chmod": "FILE_MODIFICATION",
    "file.mkdir": "FILE_CREATION", "file.truncate": "FILE_MODIFICATION", "net.connect": "NETWORK_CONNECTION",
    "net.accept": "NETWORK_CONNECTION", "net.send": "NETWORK_CONNECTION", "net.bind": "NETWORK_UNCATEGORIZED",
    "net.listen": "NETWORK_UNCATEGORIZED",
}  # fmt: skip
_OTHER_TYPES = {"process": "PROCESS_UNCATEGORIZED", "file": "FILE_UNCATEGORIZED", "network": "NETWORK_UNCATEGORIZED"}
_SEVERITIES: dict[str, leaves.Value] = {"0": "INFORMATIONAL", "1": "LOW", "2": "MEDIUM", "3": "HIGH", "4": "CRITICAL"}
_BLOCKED: dict[str, leaves.Value] = {
    "ask": "CHALLENGE",
    "deny": "BLOCK",
    "freeze": "BLOCK",
    "quarantine": "QUARANTINE",
    "isolate": "BLOCK",
    "kill": "BLOCK",
}
_UNKNOWN = constant("unknown")


class Udm(Format):
    """One UDM event per row. ``processes`` has none: ``activity`` tells each start of a program."""

    name = "udm"
    content_type = "application/json"
    tables = frozenset(schema.TABLES) - {"processes"}

    def events(self, table: str, rows: pa.Table) -> pa.Array:
        """One UDM event per row."""
        made = trees(table)
        kind_of = activity_kind(tuple(made)) if table == "activity" else constant(table)
        return encode(table, rows, by_tree(made), kind_of)


@cache
def trees(table: str) -> dict[str, Object]:
    """Every kind of event of a table, by name."""
    if table == "activity":
        return {
            "fork": _activity("process", _principal(), Object({"process": _child(), "file": _file_of("path")})),
            "process": _activity("process", _parent(), Object({"process": _process(), "file": _file_of("path")})),
            "file": _activity("file", _principal(), _file()),
            "network": _activity("network", _from_here(), _there(), _network()),
            "other": _activity("other", _principal(), _file()),
        }
    made = {
        "findings": _finding,
        "actions": _action,
        "requests": _request,
        "runs": _run,
        "coverage": _coverage,
        "policies": _policy,
    }
    return {table: made[table]()}


def _event(
    table: str, type_: Node, members: Mapping[str, Node], groups: tuple[Members, ...] = (), kept: tuple[str, ...] = ()
) -> Object:
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
    shared = _more() if table == "activity" else ()
    every["additional"] = leaves.rest(table, nodes, ("time_ns", *kept), {"table": Const(table)}, shared)
    return Object(every, groups=groups)


@cache
def _more() -> tuple[Members, ...]:
    names = (
        "class", "agent", "agent_version", "agent_run", "initiator", "initiator_evidence", "cgroup", "cmdline_bytes", "join_confidence",
        "marks", "dst_name_from", "enforced_at", "enforcement", "outcome", "errno", "verdict", "action", "quality", "container", "cwd",
        "conversation", "tool_call", "tool", "trace_id", "span_id", "exit_code", "signal", "source", "severity",
    )  # fmt: skip
    return (Members({c.name: leaves.of_column(c) for c in schema.ACTIVITY if c.name in names}, shared=True),)


def _activity(class_: str, principal: Object, target: Object, network: Object | None = None) -> Object:
    fallback = _OTHER_TYPES.get(class_, "GENERIC_EVENT")
    wanted = {name: value for name, value in _TYPES.items() if schema.OPERATION_BY_NAME[name].activity_class == class_}
    type_: Node = choice("operation", wanted, fallback, fallback) if wanted else Const(fallback)
    members: dict[str, Node] = {"target": target, "src": Object({"file": Object({"full_path": _MOVED})})}
    if network:
        members["network"] = network
    group = Members({"principal": principal, "security_result": _judged()}, shared=True)
    # The target of a process or a session is no file that was moved.
    moved = ("path_to",) if class_ in {"process", "network"} else ()
    kept = ("src_ip", "src_port", "dst_ip", "dst_port", "bytes", "protocol", "mode", *moved)
    return _event("activity", type_, members, (group,), kept)


def _judged() -> Array:
    """What the policy said, as one security result."""
    action = facts.control(allowed="ALLOW", audited="ALLOW", noted="ALLOW", done=_BLOCKED, failed="FAIL")
    return Array(
        [
            Object(
                {
                    "action": Array([action]),
                    "severity": _severity("activity"),
                    "rule_name": text("rule"),
                    "action_details": text("verdict"),
                    "rule_set": text("policy"),
                    "rule_version": text("policy_version"),
                },
                any_of=("action", "rule_name"),
            )
        ]
    )


def _severity(table: str) -> Leaf:
    return choice(leaves.as_text(severity_level(table)), _SEVERITIES, "INFORMATIONAL", "INFORMATIONAL")


def _key(column: str) -> Leaf:
    """``product_specific_process_id`` wants the product's name in front."""
    return leaves.derived(facts.key(column), lambda keys: joined(["LICTOR:", keys]))


def _user() -> Object:
    return Object({"userid": first(text("user"), digits("uid")), "product_object_id": digits("uid")})


def _file_of(column: str, hashed: str | None = None) -> Object:
    return Object({"full_path": text(column), **({"sha256": text(hashed)} if hashed else {})})


def _process() -> Object:
    return Object(
        {
            "pid": digits("pid"),
            "product_specific_process_id": _key("process_key"),
            "file": _file_of("exe", "exe_sha256"),
            "command_line": text("cmdline"),
            "parent_process": Object(
                {"product_specific_process_id": _key("parent_key"), "file": _file_of("parent_exe")}
            ),
        }
    )


def _child() -> Object:
    return Object(
        {
            "pid": digits("child_pid"),
            "product_specific_process_id": _key("child_key"),
            "file": _file_of("exe"),
            "command_line": text("cmdline"),
            "parent_process": Object({"pid": digits("pid"), "product_specific_process_id": _key("process_key")}),
        }
    )


def _principal(**members: Node) -> Object:
    """Who acts; the machine must be named."""
    return Object(
        {
            "hostname": first(leaves.filled("host"), _UNKNOWN),
            "user": _user(),
            "application": text("agent"),
            **(members or {"process": _process()}),
        }
    )


def _parent() -> Object:
    """Who starts a program is its parent."""
    return _principal(
        process=Object({"product_specific_process_id": _key("parent_key"), "file": _file_of("parent_exe")})
    )


_MOVED = facts.where_any(text("path"), (text("path_to"),))
"""What was renamed or linked; what came of it is the target."""


def _file() -> Object:
    made = first(text("path_to"), text("path"))
    return Object({"file": Object({"full_path": made, "sha256": text("sha256")})})


def _from_here() -> Object:
    return _principal(process=_process(), ip=Array([facts.address("src_ip")]), port=facts.port("src_port"))


def _there() -> Object:
    return Object(
        {
            "hostname": text("dst_name"),
            "ip": Array([facts.address("dst_ip")]),
            "port": facts.port("dst_port"),
            "file": _file_of("path"),
        }
    )


def _network() -> Object:
    return Object(
        {
            "ip_protocol": choice(
                "protocol", {"tcp": "TCP", "udp": "UDP", "icmp": "ICMP", "icmpv6": "ICMP6", "sctp": "SCTP"}
            ),
            "direction": choice(
                "operation", {"net.connect": "OUTBOUND", "net.send": "OUTBOUND", "net.accept": "INBOUND"}
            ),
            "sent_bytes": leaves.as_text(facts.natural("bytes")),
        }
    )


def _machine() -> Object:
    return Object({"hostname": first(leaves.filled("host"), _UNKNOWN)})


def _finding() -> Object:
    result = Object(
        {
            "rule_name": text("rule"),
            "summary": text("title"),
            "severity": _severity("findings"),
            "category_details": facts.listed("attack"),
            "attack_details": Object(
                {"tactics": attack.udm("attack", tactics=True), "techniques": attack.udm("attack", tactics=False)}
            ),
        }
    )
    return _event(
        "findings",
        Const("GENERIC_EVENT"),
        {"principal": _machine(), "security_result": Array([result])},
        (),
        ("severity",),
    )


def _action() -> Object:
    action = choice("action", {**_BLOCKED, "release": "ALLOW"}, "UNKNOWN_ACTION", "UNKNOWN_ACTION")
    result = Object(
        {
            "action": Array([action]),
            "action_details": text("action"),
            "rule_name": text("rule"),
            "rule_set": text("policy"),
            "description": text("evidence"),
            "severity": _severity("actions"),
        }
    )
    process = Object({"pid": digits("pid"), "product_specific_process_id": _key("process_key")})
    members: dict[str, Node] = {
        "principal": _machine(),
        "target": Object({"process": process}),
        "security_result": Array([result]),
    }
    return _event("actions", Const("GENERIC_EVENT"), members)


def _request() -> Object:
    action = choice(
        "state", {"released": "ALLOW", "denied": "BLOCK", "killed": "BLOCK"}, "UNKNOWN_ACTION", "UNKNOWN_ACTION"
    )
    result = Object(
        {
            "action": Array([action]),
            "rule_name": text("rule"),
            "rule_set": text("policy"),
            "description": text("because"),
            "severity": _severity("requests"),
        }
    )
    process = Object(
        {
            "pid": digits("pid"),
            "product_specific_process_id": _key("process_key"),
            "file": _file_of("exe"),
            "command_line": text("cmdline"),
        }
    )
    return _event(
        "requests",
        Const("GENERIC_EVENT"),
        {"principal": _principal(process=process), "security_result": Array([result])},
    )


def _run() -> Object:
    process = Object(
        {"pid": digits("root_pid"), "product_specific_process_id": _key("root_key"), "command_line": text("command")}
    )
    principal = Object(
        {
            "hostname": first(leaves.filled("host"), _UNKNOWN),
            "user": Object({"userid": text("user")}),
            "application": text("agent"),
            "process": process,
        }
    )
    type_ = choice("state", {"started": "STATUS_STARTUP", "ended": "STATUS_SHUTDOWN"}, "STATUS_UPDATE", "STATUS_UPDATE")
    return _event("runs", type_, {"principal": principal})


def _coverage() -> Object:
    return _event("coverage", Const("STATUS_HEARTBEAT"), {"principal": _machine()}, (), ("until", "since", "lost"))


def _policy() -> Object:
    result = Object({"rule_set": text("policy"), "rule_version": text("version"), "description": text("reason")})
    type_ = Const("SETTING_MODIFICATION")
    target = Object(
        {"resource": Object({"name": first(leaves.filled("policy"), _UNKNOWN), "resource_type": Const("SETTING")})}
    )
    return _event("policies", type_, {"principal": _machine(), "target": target, "security_result": Array([result])})
