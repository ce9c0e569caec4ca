"""Makes processes stand still and proves it: NtSuspendProcess over a whole group until nobody new turns up.

A suspended process starts no other; so once everybody who is listed stands still, nobody new can come. A thread in the kernel finishes its
call first, so two looks in a row must agree. The proof is the count of suspensions of every single thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from enforcer.windows import api, process, snapshot, suspension
from enforcer.windows.identity import process_key
from enforcer.windows.suspension import ACCESS, Halt

_PAUSE_S = 0.005

Tell = Callable[[Halt], None]
"""Told of each suspension before it is made: somebody else must be able to undo it should we die."""


def _nobody(_: Halt) -> None:
    return None


class Freezer:
    """Which processes stand still by our hand. Suspensions are counted by the system, so each is made once, and undone once."""

    def __init__(self, members: Callable[[], list[int]]) -> None:
        """``members`` gives the pids of the group as they are now."""
        self._members = members
        self._halts: dict[int, Halt] = {}
        """Process key → the suspension."""
        self.tell: Tell = _nobody

    @property
    def halts(self) -> list[Halt]:
        """The suspensions that were not undone yet."""
        return list(self._halts.values())

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
        return all(suspension.is_suspended(tid) for pid in self._members() for tid in all_threads.get(pid, []))

    def thaw(self) -> bool:
        """Let those go on that were suspended here; true when none of them was missed. One that has ended is nobody to miss."""
        self._halts = {key: halt for key, halt in self._halts.items() if not suspension.undo(halt)}
        return not self._halts

    def _suspend(self, pid: int) -> bool:
        """Whether the process was suspended just now; false when it stood still by our hand already, or is gone."""
        try:
            with process.opened(pid, ACCESS) as handle:
                key = process_key(pid, process.created(handle))
                if key in self._halts or process.wait_ended(handle, 0):
                    return False
                halt = self._halts[key] = Halt(pid, key, suspension.depth(handle))
                self.tell(halt)
                api.call("NtSuspendProcess", handle)
                return True
        except ProcessLookupError:
            return False
