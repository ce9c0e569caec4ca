"""Every event that is decoded: provider, id (opcode of a classic event), version, fields, and what it is for.

Field lists are those of the providers' manifests and of the kernel's MOF classes, up to the last field that is used:
what stands behind is left alone. A version that is not listed is read as the highest lower one, but only of providers
that append fields (``APPENDING``); the others insert and reorder, so an unknown version stays unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

_START_3 = (
    "u32 ProcessID, u64 Sequence, ft CreateTime, u32 ParentProcessID, u64 ParentSequence, u32 SessionID, u32 Flags, "
    "u32 ElevationType, u32 IsElevated, sid MandatoryLabel, wstr ImageName"
)
_START_1 = "u32 ProcessID, ft CreateTime, u32 ParentProcessID, u32 SessionID, u32 Flags, wstr ImageName"
_START_0 = "u32 ProcessID, ft CreateTime, u32 ParentProcessID, u32 SessionID, wstr ImageName"
_STOP_0 = "u32 ProcessID, ft CreateTime, ft ExitTime, u32 ExitCode"
_STOP_2 = "u32 ProcessID, u64 Sequence, ft CreateTime, ft ExitTime, u32 ExitCode"
_IMAGE = (
    "ptr ImageBase, ptr ImageSize, u32 ProcessID, u32 ImageCheckSum, u32 TimeDateStamp, ptr DefaultBase, wstr ImageName"
)
_MOF_1 = "ptr PageDirectoryBase, u32 ProcessID, u32 ParentProcessID, u32 SessionID, u32 ExitCode, token UserSID, astr ImageName"
_MOF_2 = "ptr Key, u32 ProcessID, u32 ParentProcessID, u32 SessionID, u32 ExitCode, token UserSID, astr ImageName, wstr CommandLine"
_MOF_3 = "ptr Key, u32 ProcessID, u32 ParentProcessID, u32 SessionID, u32 ExitCode, ptr Table, token UserSID, astr ImageName, wstr CommandLine"
_MOF_4 = (
    "ptr Key, u32 ProcessID, u32 ParentProcessID, u32 SessionID, u32 ExitCode, ptr Table, u32 Flags, token UserSID, "
    "astr ImageName, wstr CommandLine, wstr Package, wstr Application"
)
_MOF_IMAGE_0 = "ptr ImageBase, u32 ImageSize, wstr ImageName"
_MOF_IMAGE_1 = "ptr ImageBase, ptr ImageSize, u32 ProcessID, wstr ImageName"
_MOF_IMAGE_2 = (
    "ptr ImageBase, ptr ImageSize, u32 ProcessID, u32 ImageCheckSum, u32 TimeDateStamp, u32 Reserved0, ptr DefaultBase, "
    "u32 Reserved1, u32 Reserved2, u32 Reserved3, u32 Reserved4, wstr ImageName"
)
_NET_4 = "u32 PID, u32 size, ip4 daddr, ip4 saddr, be16 dport, be16 sport"
_NET_6 = (
    "u32 PID, u32 size, ip6 daddr, ip6 saddr, be16 dport, be16 sport"  # the manifest leaves out that it is 16 bytes
)
_OPEN_0 = "ptr Irp, ptr Thread, ptr FileObject, u32 CreateOptions, u32 CreateAttributes, u32 ShareAccess, wstr FileName"
_OPEN_1 = "ptr Irp, ptr FileObject, u32 Thread, u32 CreateOptions, u32 CreateAttributes, u32 ShareAccess, wstr FileName"
_MOVE_0 = "u64 ByteOffset, ptr Irp, ptr Thread, ptr FileObject, ptr FileKey, u32 IOSize"
_MOVE_1 = "u64 ByteOffset, ptr Irp, ptr FileObject, ptr FileKey, u32 Thread, u32 IOSize"
_INFO_0 = "ptr Irp, ptr Thread, ptr FileObject, ptr FileKey, ptr Extra, u32 InfoClass"
_INFO_1 = "ptr Irp, ptr FileObject, ptr FileKey, ptr Extra, u32 Thread, u32 InfoClass"
_DNS = "wstr QueryName, u32 QueryType, u64 QueryOptions, u32 Status, wstr Results"
_AMSI = (
    "ptr session, u8 scanStatus, u32 scanResult, wstr appname, wstr contentname, u32 contentsize, u32 originalsize, "
    "wbin:contentsize content"
)


_ACCESS = "wstr Mode, wstr ObjectType, wstr ObjectName, wstr ProcessName, wstr Creator, u32 AccessMask"


@dataclass(frozen=True)
class Event:
    """One version of an event. ``role`` names what reads it; without one it is understood and makes no row."""

    provider: str
    id: int
    version: int
    fields: str
    role: str = ""


def _each(provider: str, ids: tuple[int, ...], version: int, fields: str, role: str = "") -> tuple[Event, ...]:
    return tuple(Event(provider, id_, version, fields, role) for id_ in ids)


_P, _F, _N = "Microsoft-Windows-Kernel-Process", "Microsoft-Windows-Kernel-File", "Microsoft-Windows-Kernel-Network"
_R, _D, _A = (
    "Microsoft-Windows-Kernel-Registry",
    "Microsoft-Windows-DNS-Client",
    "Microsoft-Windows-Kernel-Audit-API-Calls",
)
_MP, _MI, _MF = "SystemTrace-Process", "SystemTrace-Image", "SystemTrace-FileIo"

EVENTS: tuple[Event, ...] = (
    Event(_P, 1, 0, _START_0, "start"), Event(_P, 1, 1, _START_1, "start"), Event(_P, 1, 2, _START_1, "start"),
    *(Event(_P, 1, v, _START_3, "start") for v in (3, 4, 5)),
    Event(_P, 2, 0, _STOP_0, "stop"), Event(_P, 2, 1, _STOP_0, "stop"), Event(_P, 2, 2, _STOP_2, "stop"),
    Event(_P, 15, 0, _START_1, "rundown"), *(Event(_P, 15, v, _START_3, "rundown") for v in (1, 2, 3)),
    Event(_P, 5, 0, _IMAGE, "image"), Event(_P, 6, 0, _IMAGE),
    *(
        Event(_MP, opcode, version, fields, role)
        for version, fields in ((1, _MOF_1), (2, _MOF_2), (3, _MOF_3), (4, _MOF_4))
        for opcode, role in ((1, "start"), (2, "stop"), (3, "rundown"), (4, "rundown"), (39, ""))
    ),
    *(
        Event(_MI, opcode, version, fields, role)
        for version, fields in ((0, _MOF_IMAGE_0), (1, _MOF_IMAGE_1), (2, _MOF_IMAGE_2), (3, _MOF_IMAGE_2))
        for opcode, role in ((10, "image"), (2, ""), (3, ""), (4, ""))
    ),
    *(Event(_MP, 10, v, f, "image") for v, f in ((0, _MOF_IMAGE_0), (1, _MOF_IMAGE_1), (2, _MOF_IMAGE_2), (3, _MOF_IMAGE_2))),
    *_each(_MF, (0, 32, 36), 2, "ptr FileKey, wstr FileName", "name"), Event(_MF, 35, 2, "ptr FileKey, wstr FileName"),
    Event("SystemTrace-SystemConfigEx", 35, 0, "wstr NtPath, wstr DosPath", "volume"),
    *_each("SystemTrace-TcpIp", (10, 11, 12, 13, 14, 15, 16, 18), 2, _NET_4, "network"),
    *_each("SystemTrace-TcpIp", (26, 27, 28, 29, 30, 31, 32, 34), 2, _NET_6, "network"),
    Event("SystemTrace-TcpIp", 17, 2, "u16 Proto, u16 FailureCode"),
    *_each("SystemTrace-UdpIp", (10, 11), 2, _NET_4, "network"), *_each("SystemTrace-UdpIp", (26, 27), 2, _NET_6, "network"),
    Event("SystemTrace-UdpIp", 17, 2, "u16 Proto, u16 FailureCode"),
    Event(_F, 10, 0, "ptr FileKey, wstr FileName", "name"), Event(_F, 11, 0, "ptr FileKey, wstr FileName"),
    *_each(_F, (12, 30), 0, _OPEN_0, "open"), *_each(_F, (12, 30), 1, _OPEN_1, "open"),
    *_each(_F, (15, 16), 0, _MOVE_0, "move"), *_each(_F, (15, 16), 1, _MOVE_1, "move"),
    *_each(_F, (26, 27, 28), 0, f"{_INFO_0}, wstr FilePath", "path"), *_each(_F, (26, 27, 28), 1, f"{_INFO_1}, wstr FilePath", "path"),
    *_each(_F, (17, 18, 19, 22, 23, 29), 0, _INFO_0), *_each(_F, (17, 18, 19, 22, 23, 29, 31, 32, 33, 34), 1, _INFO_1),
    *_each(_F, (13, 14, 21), 0, "ptr Irp, ptr Thread, ptr FileObject, ptr FileKey"),
    *_each(_F, (13, 14, 21), 1, "ptr Irp, ptr FileObject, ptr FileKey, u32 Thread"),
    *_each(_F, (20, 25), 0, "ptr Irp, ptr Thread, ptr FileObject, ptr FileKey, u32 Length, u32 InfoClass, u32 FileIndex, wstr FileName"),
    *_each(_F, (20, 25), 1, "ptr Irp, ptr FileObject, ptr FileKey, u32 Thread, u32 Length, u32 InfoClass, u32 FileIndex, wstr FileName"),
    Event(_F, 24, 0, "ptr Irp, ptr Extra, u32 Status", "end"),
    *_each(_N, (10, 11, 12, 13, 14, 15, 16, 18, 42, 43), 0, _NET_4, "network"),
    *_each(_N, (26, 27, 28, 29, 30, 31, 32, 34, 58, 59), 0, _NET_6, "network"),
    *_each(_N, (17, 49), 0, "u16 Proto, u16 FailureCode"),
    Event(_D, 3006, 0, "wstr QueryName, u32 QueryType, u64 QueryOptions, wstr ServerList, u32 IsNetworkQuery"),
    Event(_D, 3008, 0, _DNS, "dns"), Event(_D, 3018, 0, _DNS, "dns"), Event(_D, 3018, 1, f"{_DNS}, u32 ClientPID", "dns"),
    Event(_D, 3020, 0, "wstr QueryName, u32 QueryType, u32 NetworkIndex, u32 InterfaceIndex, u32 Status, wstr Results"),
    Event(_R, 1, 0, "ptr BaseObject, ptr KeyObject, u32 Status, u32 Disposition, wstr BaseName, wstr RelativeName", "key"),
    Event(_R, 2, 0, "ptr BaseObject, ptr KeyObject, u32 Status, u32 Disposition, wstr BaseName, wstr RelativeName", "key"),
    Event(_R, 3, 0, "ptr KeyObject, u32 Status, wstr KeyName", "registry"),
    Event(_R, 5, 0, "ptr KeyObject, u32 Status, u32 Type, u32 DataSize, wstr KeyName, wstr ValueName, u16 Captured, bin:Captured Data", "registry"),
    Event(_R, 6, 0, "ptr KeyObject, u32 Status, wstr KeyName, wstr ValueName", "registry"),
    *_each(_R, (12, 13, 14, 15), 0, "ptr KeyObject, u32 Status, wstr KeyName"),
    *_each(_R, (4, 7, 10, 11), 0, "ptr KeyObject, u32 Status, u32 InfoClass, u32 DataSize, wstr KeyName"),
    *_each(_R, (8, 9), 0, "ptr KeyObject, u32 Status, u32 Index, u32 InfoClass, u32 DataSize, wstr KeyName"),
    Event("Microsoft-Antimalware-Scan-Interface", 1101, 0, _AMSI, "amsi"),
    Event("Microsoft-Windows-PowerShell", 4104, 1, "i32 Number, i32 Total, wstr Text, wstr Block, wstr Path", "script"),
    Event("Microsoft-Windows-PowerShell", 4103, 1, "wstr ContextInfo, wstr UserData, wstr Payload"),
    Event("Microsoft-Windows-Kernel-General", 14, 0, _ACCESS, "denial"),
    Event(_A, 2, 0, "u32 Target, u32 ReturnCode", "audit"),
    Event(_A, 5, 0, "u32 Target, u32 DesiredAccess, u32 ReturnCode", "audit"),
    Event(_A, 6, 0, "u32 Target, u32 Thread, u32 DesiredAccess, u32 ReturnCode", "audit"),
)  # fmt: skip

APPENDING = frozenset({
    _N, _D, _R, _A, "Microsoft-Antimalware-Scan-Interface", "Microsoft-Windows-PowerShell", "SystemTrace-TcpIp",
    "SystemTrace-UdpIp", _MF, "SystemTrace-SystemConfigEx",
})  # fmt: skip
"""Providers whose newer versions have only appended fields."""

_BY_KEY = {(e.provider, e.id, e.version): e for e in EVENTS}
_VERSIONS: dict[tuple[str, int], list[int]] = {}
for _event in EVENTS:
    _VERSIONS.setdefault((_event.provider, _event.id), []).append(_event.version)

OWN = frozenset({"EventTrace"})
"""Providers whose records are about the trace file itself."""

LOST = "RTLostEvent"
"""The provider that says in the stream how much was lost."""


def event(provider: str, id_: int, version: int) -> Event | None:
    """The event as it is to be read; ``None`` where it is unknown."""
    found = _BY_KEY.get((provider, id_, version))
    if found is None and provider in APPENDING:
        lower = [v for v in _VERSIONS.get((provider, id_), ()) if v < version]
        found = _BY_KEY[provider, id_, max(lower)] if lower else None
    return found
