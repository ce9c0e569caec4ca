r"""Which events of Windows' logs are activity: Sysmon, Security and PowerShell, each with the fields of its columns.

Sysmon's fields: https://learn.microsoft.com/sysinternals/downloads/sysmon; Security: the audit events' reference. A
connection's source is whoever began it, so for one that came in the peer is the source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Fields = Mapping[str, object]
SYSMON, SECURITY, POWERSHELL = (
    "Microsoft-Windows-Sysmon",
    "Microsoft-Windows-Security-Auditing",
    "Microsoft-Windows-PowerShell",
)

_AUDIT_FAILURE = 0x0010_0000_0000_0000  # Keywords of the Security log
_INBOUND = "%%14592"
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
_DELETE, _WRITE, _READ = 0x10000, 0x2 | 0x4, 0x1  # DELETE; FILE_WRITE_DATA | FILE_APPEND_DATA; FILE_READ_DATA


@dataclass(frozen=True)
class Mapped:
    """An event that is activity. ``columns``: column → field; ``operation`` is told by the fields where it is callable.

    One that gives ``None`` is understood and makes no row.
    """

    operation: str | Callable[[Fields], str | None]
    columns: Mapping[str, str] = field(default_factory=dict)
    outcome: str = "success"


_WHO = {"pid": "ProcessId", "exe": "Image", "process_key": "ProcessGuid", "user": "User"}
_SOURCE = {
    "pid": "SourceProcessId", "exe": "SourceImage", "process_key": "SourceProcessGuid", "child_pid": "TargetProcessId",
    "child_key": "TargetProcessGuid", "path": "TargetImage", "tid": "SourceThreadId", "user": "SourceUser",
}  # fmt: skip
_TARGET = _WHO | {"path": "TargetFilename"}
_KEY = _WHO | {"path": "TargetObject"}
_OUT = {"src_ip": "SourceIp", "src_port": "SourcePort", "dst_ip": "DestinationIp", "dst_port": "DestinationPort"}
_SUBJECT = {"pid": "ProcessId", "exe": "ProcessName", "user": "Subject"}
_WFP = {
    "pid": "ProcessID", "exe": "Application", "protocol": "Protocol", "src_ip": "SourceAddress", "src_port": "SourcePort",
    "dst_ip": "DestAddress", "dst_port": "DestPort",
}  # fmt: skip


def _registry(fields: Fields) -> str | None:
    kinds = {"CreateKey": "registry.create", "DeleteKey": "registry.delete", "DeleteValue": "registry.delete"}
    return kinds.get(str(fields.get("EventType")))


def _connection(fields: Fields) -> str:
    return "net.accept" if str(fields.get("Initiated")).lower() == "false" else "net.connect"


def _filtered(fields: Fields) -> str:
    return "net.accept" if fields.get("Direction") == _INBOUND else "net.connect"


def _value(fields: Fields) -> str:
    return "registry.delete" if fields.get("OperationType") == "%%1906" else "registry.set"


def _object(fields: Fields) -> str | None:
    """Access to an object: by the rights that were used."""
    kind, mask = fields.get("ObjectType"), number(fields.get("AccessMask")) or 0
    if kind == "Key":
        return "registry.delete" if mask & _DELETE else "registry.set" if mask & _WRITE else None
    if kind != "File":
        return None
    return (
        "file.delete"
        if mask & _DELETE
        else "file.write"
        if mask & _WRITE
        else "file.read"
        if mask & _READ
        else "file.open"
    )


def _asked(fields: Fields) -> str | None:
    """A handle that was asked for: where it was given, its uses are events of their own."""
    return _object(fields) if failed(fields) else None


EVENTS: dict[tuple[str, int], Mapped] = {
    (SYSMON, 1): Mapped("exec", _WHO | {
        "cmdline": "CommandLine", "cwd": "CurrentDirectory", "parent_key": "ParentProcessGuid", "parent_exe": "ParentImage",
        "path": "Image", "exe_sha256": "Hashes",
    }),
    (SYSMON, 3): Mapped(_connection, _WHO | _OUT | {"protocol": "Protocol", "dst_name": "DestinationHostname"}),
    (SYSMON, 5): Mapped("exit", _WHO),
    (SYSMON, 6): Mapped("image.load", {"path": "ImageLoaded", "sha256": "Hashes"}),
    (SYSMON, 7): Mapped("image.load", _WHO | {"path": "ImageLoaded", "sha256": "Hashes"}),
    (SYSMON, 8): Mapped("process.inject", _SOURCE | {"content": "StartAddress"}),
    (SYSMON, 9): Mapped("file.read", _WHO | {"path": "Device"}),
    (SYSMON, 10): Mapped("process.access", _SOURCE | {"content": "GrantedAccess", "process_key": "SourceProcessGUID", "child_key": "TargetProcessGUID"}),
    (SYSMON, 11): Mapped("file.create", _TARGET),
    (SYSMON, 12): Mapped(_registry, _KEY),
    (SYSMON, 13): Mapped("registry.set", _KEY | {"content": "Details"}),
    (SYSMON, 14): Mapped("registry.rename", _KEY | {"path_to": "NewName"}),
    (SYSMON, 15): Mapped("file.create", _TARGET | {"sha256": "Hash", "content": "Contents"}),
    (SYSMON, 17): Mapped("file.create", _WHO | {"path": "Pipe"}),
    (SYSMON, 18): Mapped("file.open", _WHO | {"path": "Pipe"}),
    (SYSMON, 22): Mapped("dns.query", _WHO | {"dst_name": "QueryName", "content": "QueryResults"}),
    (SYSMON, 23): Mapped("file.delete", _TARGET | {"sha256": "Hashes"}),
    (SYSMON, 25): Mapped("process.inject", _WHO | {"content": "Type", "child_pid": "ProcessId", "child_key": "ProcessGuid"}),
    (SYSMON, 26): Mapped("file.delete", _TARGET | {"sha256": "Hashes"}),
    (SYSMON, 27): Mapped("file.create", _TARGET | {"sha256": "Hashes"}, "denied"),
    (SYSMON, 28): Mapped("file.delete", _TARGET | {"sha256": "Hashes"}, "denied"),
    (SYSMON, 29): Mapped("file.create", _TARGET | {"sha256": "Hashes"}),
    (SECURITY, 4688): Mapped("exec", {
        "pid": "NewProcessId", "exe": "NewProcessName", "path": "NewProcessName", "cmdline": "CommandLine",
        "parent_exe": "ParentProcessName", "user": "Owner",
    }),
    (SECURITY, 4689): Mapped("exit", _SUBJECT | {"exit_code": "Status"}),
    (SECURITY, 4656): Mapped(_asked, _SUBJECT | {"path": "ObjectName", "content": "AccessMask"}),
    (SECURITY, 4657): Mapped(_value, _SUBJECT | {"path": "Value", "content": "NewValue"}),
    (SECURITY, 4663): Mapped(_object, _SUBJECT | {"path": "ObjectName", "content": "AccessMask"}),
    (SECURITY, 5154): Mapped("net.listen", {k: v for k, v in _WFP.items() if not k.startswith("dst")} | {"pid": "ProcessId"}),
    (SECURITY, 5156): Mapped(_filtered, _WFP),
    (SECURITY, 5157): Mapped(_filtered, _WFP, "denied"),
    (SECURITY, 5158): Mapped("net.bind", {k: v for k, v in _WFP.items() if not k.startswith("dst")} | {"pid": "ProcessId"}),
    (POWERSHELL, 4104): Mapped("script.run", {"path": "Path", "content": "ScriptBlockText", "pid": "HeaderProcess"}),
}  # fmt: skip


def made(fields: dict[str, object]) -> dict[str, object]:
    """The fields with those that are put together from several: owner, subject, value's path, pipe's path."""
    fields["Subject"] = _name(fields, "Subject")
    fields["Owner"] = _name(fields, "Target") or fields["Subject"]
    if "ObjectValueName" in fields:
        fields["Value"] = f"{fields.get('ObjectName')}\\{fields['ObjectValueName']}"
    if "PipeName" in fields:
        fields["Pipe"] = f"\\\\.\\pipe{fields['PipeName']}"
    protocol = str(fields.get("Protocol"))
    fields["Protocol"] = _PROTOCOLS.get(protocol, protocol) if "Protocol" in fields else None
    return fields


def _name(fields: Fields, whose: str) -> str | None:
    name, domain = fields.get(f"{whose}UserName"), fields.get(f"{whose}DomainName")
    if not name or name == "-":
        return None
    return f"{domain}\\{name}" if domain and domain != "-" else str(name)


def failed(fields: Fields) -> bool:
    """Whether the Security log calls it a failure (``Keywords`` of its head)."""
    return bool((number(fields.get("HeaderKeywords")) or 0) & _AUDIT_FAILURE)


def number(value: object) -> int | None:
    """A number as events write it: plain, in hex, or as text; ``None`` for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    try:
        return int(str(value), 0)
    except ValueError:
        return None
