"""Providers by name: those that Lictor decodes, those that it only counts by name, and the kernel's event classes.

GUIDs as in the providers' manifests; group numbers of the kernel's classes as in ntwmi.h (``EVENT_TRACE_GROUP_*``).
"""

from __future__ import annotations

from uuid import UUID

import numpy as np
import numpy.typing as npt

PROVIDERS: dict[str, str] = {
    "22fb2cd6-0e7b-422b-a0c7-2fad1fd0e716": "Microsoft-Windows-Kernel-Process",
    "edd08927-9cc4-4e65-b970-c2560fb5c289": "Microsoft-Windows-Kernel-File",
    "7dd42a49-5329-4832-8dfd-43d979153a88": "Microsoft-Windows-Kernel-Network",
    "1c95126e-7eea-49a9-a3fe-a378b03ddb4d": "Microsoft-Windows-DNS-Client",
    "70eb4f03-c1de-4f73-a051-33d13d5413bd": "Microsoft-Windows-Kernel-Registry",
    "2a576b87-09a7-520e-c21a-4942f0271d67": "Microsoft-Antimalware-Scan-Interface",
    "a0c1853b-5c40-4b15-8766-3cf1c58f985a": "Microsoft-Windows-PowerShell",
    "e02a841c-75a3-4fa7-afc8-ae09cf9b7f23": "Microsoft-Windows-Kernel-Audit-API-Calls",
    "a68ca8b7-004f-d7b6-a698-07e2de0f1f5d": "Microsoft-Windows-Kernel-General",
    "f6ec123e-314e-400b-9e0a-151365e23083": "MXC",
    "811a1ddb-2e69-5f25-adc0-4b186170e760": "Microsoft-Windows-Privacy-Auditing-PermissiveLearningMode",
    "8c416c79-d49b-4f01-a467-e56d3aa8234c": "Microsoft-Windows-Win32k",
    "f4e1897c-bb5d-5668-f1d8-040f4d8dd344": "Microsoft-Windows-Threat-Intelligence",
    "3d6fa8d0-fe05-11d0-9dda-00c04fd7ba7c": "SystemTrace-Process",
    "2cb15d1d-5fc1-11d2-abe1-00a0c911f518": "SystemTrace-Image",
    "3d6fa8d1-fe05-11d0-9dda-00c04fd7ba7c": "SystemTrace-Thread",
    "90cbdc39-4a3e-11d1-84f4-0000f80464e3": "SystemTrace-FileIo",
    "3d6fa8d4-fe05-11d0-9dda-00c04fd7ba7c": "SystemTrace-DiskIo",
    "9a280ac0-c8e0-11d1-84e2-00c04fb998a2": "SystemTrace-TcpIp",
    "bf3a50c5-a9c9-4988-a005-2df0b7c80f80": "SystemTrace-UdpIp",
    "ae53722e-c863-11d2-8659-00c04fa321a1": "SystemTrace-Registry",
    "ce1dbfb4-137e-4da6-87b0-3f59aa102cbc": "SystemTrace-PerfInfo",
    "01853a65-418f-4f36-aefc-dc0f1d2fd235": "SystemTrace-SystemConfig",
    "9b79ee91-b5fd-41c0-a243-4248e266e9d0": "SystemTrace-SystemConfigEx",
    "68fdd900-4a3e-11d1-84f4-0000f80464e3": "EventTrace",
    "6a399ae0-4bc6-4de9-870b-3657f8947e7e": "RTLostEvent",
}  # fmt: skip

_GROUPS: dict[int, str] = {
    0x00: "EventTrace", 0x01: "SystemTrace-DiskIo", 0x03: "SystemTrace-Process", 0x04: "SystemTrace-FileIo",
    0x05: "SystemTrace-Thread", 0x06: "SystemTrace-TcpIp", 0x08: "SystemTrace-UdpIp", 0x09: "SystemTrace-Registry",
    0x0B: "SystemTrace-SystemConfig", 0x0F: "SystemTrace-PerfInfo", 0x14: "SystemTrace-Image",
}  # fmt: skip

_BY_NAME = {name: guid for guid, name in PROVIDERS.items()}


def guid_of(name: str) -> str:
    """A provider's GUID as text; raises ``KeyError``."""
    return _BY_NAME[name]


def guid_words(name: str) -> tuple[int, int]:
    """A provider's GUID as two little-endian words, as a record has it; raises ``KeyError``."""
    raw = UUID(guid_of(name)).bytes_le
    return int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")


def name_of(words: tuple[int, int]) -> str:
    """A provider's name, or its GUID where it is none of ``PROVIDERS``; the kernel's unnamed classes by number."""
    if words[1] == 0 and words[0] >> 8 == _UNNAMED:
        return f"SystemTrace-group-{words[0] & 0xFF:#04x}"
    raw = words[0].to_bytes(8, "little") + words[1].to_bytes(8, "little")
    guid = str(UUID(bytes_le=raw))
    return PROVIDERS.get(guid, guid)


_UNNAMED = 0x4C696374 << 16  # no GUID of a provider: it ends in eight zeros


def _group_table() -> npt.NDArray[np.uint64]:
    rows = [guid_words(_GROUPS[n]) if n in _GROUPS else (_UNNAMED << 8 | n, 0) for n in range(256)]
    return np.array(rows, np.uint64)


KERNEL_GROUPS = _group_table()
"""GUID words by group number, ``(256, 2)``; a class that has no name here gets words of its own."""
