r"""What a running Windows says of itself: its boot, its processes with their creation times, its drives.

``NtQuerySystemInformation`` gives all processes by one call, with the kernel's own creation times and without opening
any of them, so protected ones are there too. Layout of ``SYSTEM_PROCESS_INFORMATION`` as in phnt (ntexapi.h), 64 bits.
Elsewhere than on Windows there is nothing to be asked, and each answer is empty.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

_PROCESSES = 5  # SystemProcessInformation
_TOO_SMALL = 0xC0000004  # STATUS_INFO_LENGTH_MISMATCH
_CREATED_AT, _NAME_AT, _PID_AT = 0x20, 0x38, 0x50
_LIMITED = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
_LONGEST = 32_768
_GUID_KEY, _BOOT_KEY = (
    r"SOFTWARE\Microsoft\Cryptography",
    r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters",
)


@dataclass(frozen=True)
class Seen:
    """One process that is there. ``created`` is a FILETIME, ``name`` the file name of its program."""

    pid: int
    parent: int
    created: int
    name: str


@cache
def boot_id() -> str:
    """Name of this installation of Windows, and its count of boots; empty elsewhere.

    Neither needs a right. Without the count (Wine has none) it is the installation alone: creation times tell boots apart.
    """
    if sys.platform != "win32":
        return ""
    return "-".join(filter(None, (_registry(_GUID_KEY, "MachineGuid"), _registry(_BOOT_KEY, "BootId"))))


def _registry(key: str, name: str) -> str:
    if sys.platform != "win32":
        return ""
    import winreg  # noqa: PLC0415 - only Windows has it

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as opened:
            return str(winreg.QueryValueEx(opened, name)[0])
    except OSError:
        return ""


def processes() -> list[Seen]:
    """Every process of the machine but the idle one; raises ``OSError``."""
    if sys.platform != "win32":
        return []
    query, room = ctypes.WinDLL("ntdll").NtQuerySystemInformation, 1 << 20
    while True:
        buffer, used = ctypes.create_string_buffer(room), ctypes.c_uint32()
        status = query(_PROCESSES, buffer, ctypes.c_uint32(room), ctypes.byref(used)) & 0xFFFFFFFF
        if status != _TOO_SMALL:
            break
        room = max(2 * room, used.value)
    if status:
        raise OSError(f"NtQuerySystemInformation: NTSTATUS 0x{status:08X}")
    return [one for one in parsed(buffer.raw[: used.value], ctypes.addressof(buffer)) if one.pid]


def parsed(raw: bytes, address: int) -> Iterator[Seen]:
    """The entries of a list that was written to ``address``: names are pointers into it."""
    at = 0
    while at + _PID_AT + 16 <= len(raw):
        following = int.from_bytes(raw[at : at + 4], "little")
        (created,) = struct.unpack_from("<q", raw, at + _CREATED_AT)
        length, name = struct.unpack_from("<H6xQ", raw, at + _NAME_AT)
        pid, parent = struct.unpack_from("<QQ", raw, at + _PID_AT)
        begin = name - address if name else 0
        yield Seen(pid, parent, created, raw[begin : begin + length].decode("utf-16-le", "replace"))
        if not following:
            return
        at += following


def program(pid: int) -> str | None:
    """Path of a process's program; ``None`` where it may not be looked at or is gone."""
    if sys.platform != "win32":
        return None
    kernel = ctypes.WinDLL("kernel32")
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(kernel.OpenProcess(_LIMITED, False, pid))
    if not handle.value:
        return None
    try:
        text, room = ctypes.create_unicode_buffer(_LONGEST), ctypes.c_uint32(_LONGEST)
        found = kernel.QueryFullProcessImageNameW(handle, 0, text, ctypes.byref(room))
        return text.value if found else None
    finally:
        kernel.CloseHandle(handle)


def volumes() -> list[tuple[str, str]]:
    r"""Pairs of device and drive, such as ``\Device\HarddiskVolume3`` and ``C:``."""
    if sys.platform != "win32":
        return []
    text = ctypes.create_unicode_buffer(1024)
    query = ctypes.WinDLL("kernel32").QueryDosDeviceW
    drives = (f"{letter}:" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return [(text.value, drive) for drive in drives if query(drive, text, len(text))]
