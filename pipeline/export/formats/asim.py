"""ASIM, the Advanced Security Information Model of Microsoft Sentinel: each row as a row of an ASIM table.

The Logs Ingestion API takes JSON objects whose members are columns. Which table a row belongs to is no member of it
(a stream has one table); ``streams`` tells. What has no column goes into ``AdditionalFields``.
"""

from __future__ import annotations

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.formats import facts, leaves
from pipeline.export.formats.asim_records import RECORDS, STREAMS, row, severity
from pipeline.export.formats.interface import EVENTS, Format
from pipeline.export.formats.kinds import activity_kind
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import choice, constant, digits, first, text
from pipeline.export.formats.tree import Const, Members, Node, Object
from pipeline.export.formats.writing import by_tree, encode, kind_names

_RESULTS: dict[str, leaves.Value] = {"success": "Success", "failure": "Failure", "denied": "Failure"}
_FILE_EVENTS: dict[str, leaves.Value] = {
    "file.open": "FileAccessed", "file.read": "FileAccessed", "file.write": "FileModified", "file.create": "FileCreated",
    "file.delete": "FileDeleted", "file.rename": "FileRenamed", "file.link": "FileCreated", "file.symlink": "FileCreated",
    "file.chmod": "FileModified", "file.mkdir": "FolderCreated", "file.truncate": "FileModified",
}  # fmt: skip
_DIRECTIONS: dict[str, leaves.Value] = {
    "net.connect": "Outbound",
    "net.send": "Outbound",
    "net.accept": "Inbound",
    "net.listen": "Listen",
}


class Asim(Format):
    """One JSON object per row. ``processes`` has none: ``activity`` tells each start of a program."""

    name = "asim"
    content_type = "application/json"
    tables = EVENTS

    def events(self, table: str, rows: pa.Table) -> pa.Array:
        """One row of an ASIM table per row."""
        return encode(table, rows, by_tree(trees(table)), _kind(table))

    def streams(self, table: str, rows: pa.Table) -> pa.Array:
        """The ASIM table that each event belongs to, in the order of the rows; NULL where there is no event."""
        if table not in self.tables:
            return pa.nulls(rows.num_rows, pa.string())
        names = kind_names(table, rows, _kind(table))
        tables = pa.array(list(STREAMS.values()))
        return tables.take(pc.index_in(names, pa.array(list(STREAMS))))


def _kind(table: str) -> Leaf:
    kinds = trees(table)
    return activity_kind(tuple(kinds)) if table == "activity" else constant(table)


@cache
def trees(table: str) -> dict[str, Object]:
    """Every kind of row of a table, by name: for ``activity`` by class, but a fork is by its operation."""
    if table == "activity":
        return {
            "fork": _process(_child()), "process": _process(_started()), "file": _file(), "network": _network(), "dns": _dns(),
            "agent": _agent(), "other": _audit(),
        }  # fmt: skip
    return {table: RECORDS[table]()}


@cache
def _common() -> Members:
    """Device, actor and result of every row of ``activity`` but those of agents."""
    return Members(
        {
            "DvcHostname": text("host"),
            "DvcAction": facts.control(
                allowed="Allow",
                audited="Allow",
                noted="Allow",
                done=dict.fromkeys(facts.STRONG, "Deny"),
                failed="Allow",
            ),
            "DvcOriginalAction": first(text("action"), text("verdict")),
            "EventSeverity": severity("activity"),
            "EventOriginalSeverity": text("severity"),
            "EventResult": choice("outcome", _RESULTS, "NA", "NA"),
            "EventOriginalResultDetails": facts.error_name("errno"),
            "EventOriginalType": text("operation"),
            "RuleName": text("rule"),
        },
        shared=True,
    )


@cache
def _actor() -> Members:
    return Members(
        {
            "ActorUsername": text("user"),
            "ActorUsernameType": leaves.where(text("user"), "Simple"),
            "ActorUserId": digits("uid"),
            "ActorUserIdType": leaves.where(digits("uid"), "UID"),
        },
        shared=True,
    )


@cache
def _acting() -> Members:
    """The process that acts."""
    return Members(
        {
            "ActingProcessId": digits("pid"),
            "ActingProcessGuid": facts.uuid("process_key"),
            "ActingProcessName": text("exe"),
            "ActingProcessCommandLine": text("cmdline"),
        },
        shared=True,
    )


def _process(members: dict[str, Node]) -> Object:
    type_ = choice("operation", {"exit": "ProcessTerminated"}, "ProcessCreated", "ProcessCreated")
    return row("activity", "process", type_, members, (_common(), _actor()), ("process_key",))


def _started() -> dict[str, Node]:
    """The program that a process runs or ran; who started it is its parent."""
    return {
        "TargetProcessId": digits("pid"),
        "TargetProcessGuid": facts.uuid("process_key"),
        "TargetProcessName": text("exe"),
        "TargetProcessFilename": facts.basename("exe"),
        "TargetProcessCommandLine": text("cmdline"),
        "TargetProcessSHA256": text("exe_sha256"),
        "TargetProcessCurrentDirectory": text("cwd"),
        "TargetProcessStatusCode": digits("exit_code"),
        "TargetUsername": text("user"),
        "TargetUserId": digits("uid"),
        "TargetUserIdType": leaves.where(digits("uid"), "UID"),
        "ActingProcessGuid": facts.uuid("parent_key"),
        "ActingProcessName": text("parent_exe"),
    }


def _child() -> dict[str, Node]:
    """The process that a fork made."""
    return {
        **_acting().members,
        "TargetProcessId": digits("child_pid"),
        "TargetProcessGuid": facts.uuid("child_key"),
        "TargetProcessName": text("exe"),
        "TargetProcessCommandLine": text("cmdline"),
        "TargetUsername": text("user"),
        "TargetUserId": digits("uid"),
        "TargetUserIdType": leaves.where(digits("uid"), "UID"),
    }


def _file() -> Object:
    source = facts.where_any(text("path"), (text("path_to"),))
    target = first(text("path_to"), text("path"))
    named: dict[str, Node] = {
        "TargetFilePath": target,
        "TargetFilePathType": leaves.where(target, "Unix"),
        "TargetFileName": facts.basename(target),
        "TargetFileDirectory": facts.dirname(target),
        "SrcFilePath": source,
        "SrcFilePathType": leaves.where(source, "Unix"),
        "SrcFileName": facts.basename(source),
        "SrcFileDirectory": facts.dirname(source),
    }
    members: dict[str, Node] = {
        "EventSchema": Const("FileEvent"),
        "TargetFileSHA256": text("sha256"),
        "HashType": leaves.where(text("sha256"), "SHA256"),
    }
    type_ = choice("operation", _FILE_EVENTS, "FileAccessed", "FileAccessed")
    return row("activity", "file", type_, members, (_common(), _actor(), _acting(), Members(named)), ("process_key",))


def _network() -> Object:
    members: dict[str, Node] = {
        **_ends(),
        "NetworkBytes": facts.natural("bytes"),
        "SrcHostname": text("host"),
        "SrcUsername": text("user"),
        "SrcUserId": digits("uid"),
        "SrcAppName": text("exe"),
        "SrcAppId": digits("pid"),
        "NetworkDirection": choice("operation", _DIRECTIONS),
    }
    return row(
        "activity", "network", Const("EndpointNetworkSession"), members, (_network_common(),), ("process_key", *_ENDS)
    )


_ENDS = ("src_ip", "src_port", "dst_ip", "dst_port", "bytes", "protocol")


def _ends() -> dict[str, Node]:
    return {
        "SrcIpAddr": facts.address("src_ip"),
        "SrcPortNumber": facts.port("src_port"),
        "DstIpAddr": facts.address("dst_ip"),
        "DstPortNumber": facts.port("dst_port"),
        "DstHostname": text("dst_name"),
        "NetworkProtocol": choice("protocol", {"tcp": "TCP", "udp": "UDP", "icmp": "ICMP"}, None, None),
        "NetworkProtocolVersion": choice(leaves.as_text(facts.ip_version("dst_ip")), {"4": "IPv4", "6": "IPv6"}),
    }


@cache
def _network_common() -> Members:
    """As ``_common``, but the rule of a network session has a name of its own."""
    members = dict(_common().members)
    members["NetworkRuleName"] = members.pop("RuleName")
    return Members(members, shared=True)


@cache
def _dns_common() -> Members:
    """As ``_common``, but the table for DNS has no column for an error's name."""
    members = dict(_common().members)
    del members["EventOriginalResultDetails"]
    return Members(members, shared=True)


def _dns() -> Object:
    members: dict[str, Node] = {
        **_ends(),
        "DnsQuery": text("dst_name"),
        "SrcHostname": text("host"),
        "SrcUsername": text("user"),
        "SrcUserId": digits("uid"),
        "SrcProcessName": text("exe"),
        "SrcProcessId": digits("pid"),
        "SrcProcessGuid": facts.uuid("process_key"),
    }
    del members["DstHostname"]
    return row("activity", "dns", Const("Query"), members, (_dns_common(),), ("process_key", *_ENDS))


def _agent() -> Object:
    members: dict[str, Node] = {
        "EventSchema": Const("AgentEvent"),
        "SrcAgentId": text("agent_run"),
        "SrcAgentName": text("agent"),
        "SrcIpAddr": facts.address("src_ip"),
        "SrcPortNumber": facts.port("src_port"),
        "ActorUserId": digits("uid"),
        "ActorUserIdType": leaves.where(digits("uid"), "UID"),
        "ActorUsername": text("user"),
        "ActorUsernameType": leaves.where(text("user"), "Simple"),
        "EventSessionId": text("conversation"),
        "EventOriginalType": text("operation"),
        "ToolId": text("tool_call"),
        "ToolName": text("tool"),
        "EventOriginalErrorType": facts.error_name("errno"),
    }
    return row("activity", "agent", Const("ExecuteTool"), members, (), ("src_ip", "src_port", "host"))


def _audit(table: str = "activity") -> Object:
    """What no other table of ASIM takes: something was done to an object."""
    members: dict[str, Node] = {"Operation": text("operation"), "Object": text("path"), "ActingAppName": text("exe")}
    return row(table, "other", Const("Other"), members, (_common(), _actor()))
