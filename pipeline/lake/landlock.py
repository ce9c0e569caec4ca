"""Landlock by system call: a process gives up rights over files, TCP and its neighbours, for good.

The rights bind the calling thread and threads started afterwards, so this runs before any
library starts threads. Numbers and layouts follow <linux/landlock.h>, checked up to ABI 7
(Linux 6.15); a newer kernel is asked for no more than that.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture but alpha
_ABI_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

READ_FILE = 1 << 2
READ_DIR = 1 << 3
_FS_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # rights that came with an ABI
_NET_BIND_CONNECT_TCP = 0b11  # ABI 4
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11  # ABI 6

_libc = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """Landlock version of the running kernel; 0 where it has none or it is switched off."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, 0, _ABI_VERSION_FLAG)))


def restrict(readable: Iterable[Path]) -> int:
    """Allow this thread, and those it starts, only to read files at or below the given paths.

    Everything else about files is refused: writing, creating, executing, device control; so are
    TCP connections and listening (ABI 4) and abstract sockets and signals to other processes
    (ABI 6). Files that are open already stay usable. Paths that do not exist are left out.
    Returns the ABI in force. Raises ``OSError`` where the kernel refuses.
    """
    version = abi()
    if not version:
        raise OSError(95, "this kernel has no Landlock")
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, *_ruleset(version), 0))
    try:
        for path in readable:
            _allow_reading(ruleset, path)
        _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)
    return version


def _ruleset(version: int) -> tuple[bytes, int]:
    """The kernel's ``landlock_ruleset_attr`` and its size as this ABI knows it."""
    files = sum(rights for since, rights in _FS_RIGHTS.items() if version >= since)
    fields = [files]
    if version >= 4:
        fields.append(_NET_BIND_CONNECT_TCP)
    if version >= 6:
        fields.append(_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS)
    attribute = struct.pack(f"={len(fields)}Q", *fields)
    return attribute, len(attribute)


def _allow_reading(ruleset: int, path: Path) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rights = READ_FILE | READ_DIR if stat.S_ISDIR(os.fstat(fd).st_mode) else READ_FILE
        _checked(_libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, fd), 0))
    finally:
        os.close(fd)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
