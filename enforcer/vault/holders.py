"""Which processes still hold a file: by a descriptor, as their program, or mapped.

Taking a file away does not take it from them; what they can still do has to be said. Only as
complete as ``/proc`` is: without root the processes of other users cannot be looked at.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC = Path("/proc")
_WRITABLE = os.O_WRONLY | os.O_RDWR


@dataclass(frozen=True)
class Holder:
    """One process; ``how`` is read, write, run or map, the strongest of what was seen."""

    pid: int
    name: str
    how: str


def holders(inode: tuple[int, int], proc: Path = _PROC) -> list[Holder]:
    """Processes other than this one that hold the file of (device, number), by pid."""
    pids = sorted(int(entry.name) for entry in proc.iterdir() if entry.name.isdigit())
    found = ((pid, _how(proc / str(pid), inode)) for pid in pids if pid != os.getpid())
    return [Holder(pid, _name(proc / str(pid)), how) for pid, how in found if how]


def _how(process: Path, inode: tuple[int, int]) -> str | None:
    if "write" in (ways := list(_by_descriptor(process, inode))):
        return "write"
    if _is(process / "exe", inode):
        return "run"
    if ways:
        return "read"
    return "map" if _mapped(process, inode) else None


def _by_descriptor(process: Path, inode: tuple[int, int]) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for link in (process / "fd").iterdir():
            if _is(link, inode):
                yield "write" if _flags(process / "fdinfo" / link.name) & _WRITABLE else "read"


def _is(link: Path, inode: tuple[int, int]) -> bool:
    try:
        found = link.stat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == inode


def _flags(info: Path) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in info.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("flags:"):
                return int(line.split()[1], 8)
    return 0


def _mapped(process: Path, inode: tuple[int, int]) -> bool:
    device = f"{os.major(inode[0]):02x}:{os.minor(inode[0]):02x}"
    with contextlib.suppress(OSError):
        for line in (process / "maps").read_text(encoding="utf-8", errors="replace").splitlines():
            parts = line.split(maxsplit=5)
            if len(parts) > 4 and parts[3] == device and parts[4] == str(inode[1]):
                return True
    return False


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "?"
