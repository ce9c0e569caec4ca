"""Who is there: processes with their parents, and threads, as one Toolhelp snapshot shows them.

A snapshot is one look: whoever starts a process meanwhile is seen by the next one. Names and parents are the kernel's; a parent's pid may
have been given to another since, so a parent counts only where it is older than its child.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from enforcer.windows import api
from enforcer.windows.structures import ProcessEntry, ThreadEntry

_PROCESSES, _THREADS = 2, 4


@dataclass(frozen=True)
class Seen:
    """One process of a snapshot; ``name`` is the file name of its program."""

    pid: int
    parent: int
    name: str


def processes() -> list[Seen]:
    """Every process of the machine; raises ``OSError``."""
    entry = ProcessEntry(size=ctypes.sizeof(ProcessEntry))
    with _snapshot(_PROCESSES) as handle:
        return [Seen(entry.pid, entry.parent, text(entry.name)) for _ in _each("Process32", handle, entry)]


def threads() -> dict[int, list[int]]:
    """Thread ids of each process of the machine, by pid; raises ``OSError``."""
    entry, found = ThreadEntry(size=ctypes.sizeof(ThreadEntry)), dict[int, list[int]]()
    with _snapshot(_THREADS) as handle:
        for _ in _each("Thread32", handle, entry):
            found.setdefault(entry.pid, []).append(entry.tid)
    return found


def text(units: ctypes.Array[ctypes.c_uint16]) -> str:
    """A NUL-terminated UTF-16 text of a structure."""
    return bytes(units).decode("utf-16-le", "surrogatepass").partition("\0")[0]


@contextmanager
def _snapshot(what: int) -> Iterator[int]:
    handle = api.call("CreateToolhelp32Snapshot", what, 0)
    try:
        yield handle
    finally:
        api.close(handle)


def _each(kind: str, handle: int, entry: ctypes.Structure) -> Iterator[None]:
    wide = "W" if kind == "Process32" else ""
    more = api.function(f"{kind}First{wide}")(handle, ctypes.byref(entry))
    while more:
        yield
        more = api.function(f"{kind}Next{wide}")(handle, ctypes.byref(entry))
