"""A process of Windows for the portable collector: held by handle for its creation time, its parent from the system's list.

A parent never changes but in one way: when it ends, its pid may be given to somebody younger. Such a parent is none.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from collectors.etw import machine

_LIMITED_AND_WAIT = 0x00101000  # PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE
_STILL_RUNS = 0x102  # WAIT_TIMEOUT
_MOST = 4096

_parents: dict[tuple[int, int], int] = {}
"""(pid, creation time) → pid of the parent."""


def look(pid: int) -> tuple[int, int]:
    """(creation time as FILETIME, pid of the parent or 0) of a process that runs; raises ``ProcessLookupError``."""
    created = created_at(pid)
    key = pid, created
    if key not in _parents:
        seen = {one.pid: one for one in machine.processes()}
        here = seen.get(pid)
        above = None if here is None else seen.get(here.parent)
        if len(_parents) >= _MOST:
            _parents.clear()
        _parents[key] = above.pid if above is not None and above.created <= created else 0
    return created, _parents[key]


def created_at(pid: int) -> int:
    """Creation time of a process that runs; raises ``ProcessLookupError`` for none, or one that may not be looked at."""
    if sys.platform != "win32":
        raise ProcessLookupError(f"no process {pid}")
    kernel = _kernel32()
    handle = ctypes.c_void_p(kernel.OpenProcess(_LIMITED_AND_WAIT, False, pid))
    if not handle.value:
        raise ProcessLookupError(f"no process {pid}")
    try:
        times = [ctypes.c_uint64() for _ in range(4)]
        told = kernel.GetProcessTimes(handle, *(ctypes.byref(one) for one in times))
        if not told or kernel.WaitForSingleObject(handle, 0) != _STILL_RUNS:
            raise ProcessLookupError(f"no process {pid}")
        return times[0].value
    finally:
        kernel.CloseHandle(handle)


def _kernel32() -> Any:
    if sys.platform != "win32":
        return None
    found = ctypes.WinDLL("kernel32")
    found.OpenProcess.restype = ctypes.c_void_p
    return found
