"""Which process has a file open for writing.

On Linux the links of ``/proc`` are read one by one: psutil gives up on a process as soon as one of its files lies where
this user may not look, such as a log that it inherited.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from collectors.portable.machine import LINUX
from collectors.portable.processes import Member


def holders(members: Iterable[Member], paths: Collection[str]) -> dict[str, Member]:
    """Path → a process that has it open for writing, of some processes and some paths."""
    find = _on_linux if LINUX else _by_psutil
    return {path: member for member in members for path in find(member.who.pid, paths)}


def _on_linux(pid: int, paths: Collection[str]) -> Iterator[str]:
    with suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - names alone, many times a second
            with suppress(OSError):
                path = os.readlink(f"/proc/{pid}/fd/{name}")  # noqa: PTH115 - see above
                if path in paths and _writes(Path(f"/proc/{pid}/fdinfo/{name}")):
                    yield path


def _writes(information: Path) -> bool:
    """Whether a descriptor is open for writing; its flags stand in octal."""
    lines = information.read_text(encoding="ascii", errors="replace").splitlines()
    flags = next((int(line.split()[1], 8) for line in lines if line.startswith("flags:")), 0)
    return flags & os.O_ACCMODE != os.O_RDONLY


def _by_psutil(pid: int, paths: Collection[str]) -> Iterator[str]:
    """Elsewhere it is not told what a file was opened for."""
    with suppress(psutil.Error, OSError):
        for one in psutil.Process(pid).open_files():
            if one.path in paths:
                yield one.path
