"""How deep a process is suspended, and the undoing of one suspension: read from the system, never tried out.

The system counts suspensions of each thread. A look that suspends once more to learn the count would leave a thread frozen if whoever looks
were ended in between; so the count is asked for (ThreadSuspendCount of phnt, Windows 8.1). Each suspension is noted with the depth before
it: it can then be undone by somebody else, also where nobody knows whether it was made.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

from enforcer.windows import api, process
from enforcer.windows.identity import process_key

ACCESS = api.SUSPEND_RESUME | api.QUERY | api.SYNCHRONIZE | 0x0400
"""What a handle of a process needs for all of this; the last is PROCESS_QUERY_INFORMATION."""

_COUNT = 35  # ThreadSuspendCount
_QUERY_THREAD = 0x0040
_NO_MORE = 0x8000001A - (1 << 32)


@dataclass(frozen=True)
class Halt:
    """One suspension of a whole process, noted before it is made; ``before`` is how deep it was suspended by then."""

    pid: int
    key: int
    before: int


def is_suspended(tid: int) -> bool:
    """Whether a thread is suspended. One that is gone stands still; one that may not be looked at does not count as standing still."""
    try:
        handle = api.call("OpenThread", _QUERY_THREAD, False, tid)
    except PermissionError:
        return False
    except OSError:
        return True
    try:
        return _count(handle) != 0  # None: it is ending
    finally:
        api.close(handle)


def depth(handle: int) -> int:
    """The highest count of suspensions among the threads of a process; raises ``OSError``.

    The highest, since a thread that somebody puts in from outside (a debugger's, say) begins with none.
    """
    return max((_count(thread) or 0 for thread in _threads(handle)), default=0)


def is_made(halt: Halt) -> bool:
    """Whether the suspension is in effect; that of a process which has ended is not. Raises ``PermissionError``, ``OSError``."""
    try:
        with process.opened(halt.pid, ACCESS) as handle:
            return _is_made(handle, halt)
    except ProcessLookupError:
        return False


def undo(halt: Halt) -> bool:
    """Resume the process once, if this suspension is in effect; false where that cannot be done, or is not seen to take effect.

    To be called again only after ``False``: who is suspended still has been so by somebody else.
    """
    try:
        with process.opened(halt.pid, ACCESS) as handle:
            if not _is_made(handle, halt):
                return True
            deep = depth(handle)
            api.call("NtResumeProcess", handle)
            return depth(handle) < deep
    except ProcessLookupError:
        return True
    except OSError:
        return False


def _is_made(handle: int, halt: Halt) -> bool:
    same = process_key(halt.pid, process.created(handle)) == halt.key
    return same and not process.wait_ended(handle, 0) and depth(handle) > halt.before


def _threads(handle: int) -> Iterator[int]:
    """A handle of each thread of a process, closed once the next is asked for."""
    found, last = ctypes.c_void_p(), 0
    try:
        while True:
            status = api.function("NtGetNextThread")(handle, last, _QUERY_THREAD, 0, 0, ctypes.byref(found))
            if status == _NO_MORE:
                return
            if status < 0:
                raise OSError(f"NtGetNextThread: NTSTATUS 0x{status & 0xFFFFFFFF:08X}")
            api.close(last)
            last = found.value or 0
            yield last
    finally:
        api.close(last)


def _count(thread: int) -> int | None:
    """How often a thread is suspended; ``None`` for one that is ending."""
    found = ctypes.c_uint32()
    status = api.function("NtQueryInformationThread")(thread, _COUNT, ctypes.byref(found), 4, None)
    return None if status < 0 else found.value
