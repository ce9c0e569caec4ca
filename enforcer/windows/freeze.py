"""Makes processes stand still and proves it: NtSuspendProcess over a whole group until nobody new turns up.

A suspended process starts no other; so once everybody who is listed stands still, nobody new can come. A thread in the kernel finishes its
call first, so two looks in a row must agree. The proof is the count of suspensions of every single thread.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from enforcer.windows import api, process, snapshot
from enforcer.windows.identity import process_key

_STANDS = api.SUSPEND_RESUME | api.QUERY | api.SYNCHRONIZE
_PAUSE_S = 0.005
_FAILED = 0xFFFFFFFF


class Freezer:
    """Which processes stand still by our hand. Suspensions are counted by the system, so each is made once, and undone once."""

    def __init__(self, members: Callable[[], list[int]]) -> None:
        """``members`` gives the pids of the group as they are now."""
        self._members = members
        self._suspended: dict[int, int] = {}
        """Process key → pid."""

    def freeze(self, timeout: float) -> bool:
        """Suspend everybody, also who turns up meanwhile; true once two looks agree and every thread is seen suspended.

        Raises ``PermissionError`` where a process may not be suspended.
        """
        deadline, quiet = time.monotonic() + timeout, 0
        while quiet < 2:
            new = [pid for pid in self._members() if self._suspend(pid)]
            quiet = 0 if new else quiet + 1
            if quiet < 2 and time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_S)
        return self.stands_still()

    def stands_still(self) -> bool:
        """Whether every thread of every member is suspended now."""
        all_threads = snapshot.threads()
        return all(is_suspended(tid) for pid in self._members() for tid in all_threads.get(pid, []))

    def thaw(self) -> bool:
        """Let those go on that were suspended here; true when none of them was missed. One that has ended is nobody to miss."""
        missed = {key: pid for key, pid in self._suspended.items() if not _resume(pid, key)}
        self._suspended = missed
        return not missed

    def _suspend(self, pid: int) -> bool:
        """Whether the process was suspended just now; false when it stood still by our hand already, or is gone."""
        try:
            with process.opened(pid, _STANDS) as handle:
                key = process_key(pid, process.created(handle))
                if key in self._suspended or process.wait_ended(handle, 0):
                    return False
                api.call("NtSuspendProcess", handle)
                self._suspended[key] = pid
                return True
        except ProcessLookupError:
            return False


def _resume(pid: int, key: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        try:
            with process.opened(pid, _STANDS) as handle:
                if process_key(pid, process.created(handle)) == key and not process.wait_ended(handle, 0):
                    api.call("NtResumeProcess", handle)
        except PermissionError:
            return False
    return True


def is_suspended(tid: int) -> bool:
    """Whether a thread has been suspended, read from the count that one more suspension gives back and that is undone at once.

    A thread that is gone stands still; one that may not be opened does not count as standing still.
    """
    try:
        handle = api.call("OpenThread", 0x0002, False, tid)  # THREAD_SUSPEND_RESUME
    except PermissionError:
        return False
    except OSError:
        return True
    try:
        before = int(api.function("SuspendThread")(handle))
        if before == _FAILED:  # it has ended
            return True
        api.function("ResumeThread")(handle)
        return before > 0
    finally:
        api.close(handle)
