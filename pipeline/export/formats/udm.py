"""UDM, the Unified Data Model of Google Security Operations: each row as a UDM event in JSON (proto3 field names).

Field names and enumerations are those of Google's UDM field list. Each event has an event_type, a timestamp, and a
principal that names a machine, as its usage guide demands; what has no field goes into ``additional``.
"""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from pipeline import schema
from pipeline.export.formats import facts, leaves
from pipeline.export.formats.interface import EVENTS, Format
from pipeline.export.formats.kinds import activity_kind
from pipeline.export.formats.leaves import choice, constant, digits, first, text
from pipeline.export.formats.tree import Array, Const, Members, Node, Object
from pipeline.export.formats.udm_nouns import BLOCKED, event, file_of, key, principal, process, severity
from pipeline.export.formats.udm_records import RECORDS
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


class Udm(Format):
    """One UDM event per row. ``processes`` has none: ``activity`` tells each start of a program."""

    name = "udm"
    content_type = "application/json"
    tables = EVENTS

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
            "fork": _activity("process", principal(), Object({"process": _child(), "file": file_of("path")})),
            "process": _activity("process", _parent(), Object({"process": process(), "file": file_of("path")})),
            "file": _activity("file", principal(), _file()),
            "network": _activity("network", _from_here(), _there(), _network()),
            "other": _activity("other", principal(), _file()),
        }
    return {table: RECORDS[table]()}


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
    return event("activity", type_, members, (group,), kept)


def _judged() -> Array:
    """What the policy said, as one security result."""
    action = facts.control(allowed="ALLOW", audited="ALLOW", noted="ALLOW", done=BLOCKED, failed="FAIL")
    return Array(
        [
            Object(
                {
                    "action": Array([action]),
                    "severity": severity("activity"),
                    "rule_name": text("rule"),
                    "action_details": text("verdict"),
                    "rule_set": text("policy"),
                    "rule_version": text("policy_version"),
                },
                any_of=("action", "rule_name"),
            )
        ]
    )


def _child() -> Object:
    return Object(
        {
            "pid": digits("child_pid"),
            "product_specific_process_id": key("child_key"),
            "file": file_of("exe"),
            "command_line": text("cmdline"),
            "parent_process": Object({"pid": digits("pid"), "product_specific_process_id": key("process_key")}),
        }
    )


def _parent() -> Object:
    """Who starts a program is its parent."""
    return principal(process=Object({"product_specific_process_id": key("parent_key"), "file": file_of("parent_exe")}))


_MOVED = facts.where_any(text("path"), (text("path_to"),))
"""What was renamed or linked; what came of it is the target."""


def _file() -> Object:
    made = first(text("path_to"), text("path"))
    return Object({"file": Object({"full_path": made, "sha256": text("sha256")})})


def _from_here() -> Object:
    return principal(process=process(), ip=Array([facts.address("src_ip")]), port=facts.port("src_port"))


def _there() -> Object:
    return Object(
        {
            "hostname": text("dst_name"),
            "ip": Array([facts.address("dst_ip")]),
            "port": facts.port("dst_port"),
            "file": file_of("path"),
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
