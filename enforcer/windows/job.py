"""The job object of a run: the kernel's own handle on every process that an agent has started, children included.

A child is born into its parent's job, and no limit here lets it break away; so one call ends them all. Jobs nest: a
process that is in somebody's job already takes ours as an inner one. What the system lists is the proof.
"""

from __future__ import annotations

import ctypes
import time
from typing import Literal

from enforcer.windows import api, process
from enforcer.windows.freeze import Freezer, Tell
from enforcer.windows.identity import process_key
from enforcer.windows.structures import ExtendedLimits, pid_list
from enforcer.windows.suspension import Halt

KILL_ON_CLOSE = 0x2000
"""JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE: when Lictor dies, its last handle closes, and the run ends with it."""

MOST_PROCESSES = 0x0008
"""JOB_OBJECT_LIMIT_ACTIVE_PROCESS: who would be one too many does not start."""

_PIDS, _LIMITS = 3, 9
_ROOM = 256


class Job:
    """One job object; a ``ProcessGroup``. Closing it ends the run where ``fail`` is closed, else lets it go on."""

    def __init__(self, *, fail: Literal["open", "closed"] = "open", handle: int = 0) -> None:
        """Make a job without a name, which nobody else can open; raises ``OSError``. With a ``handle`` it is that one, as it stands."""
        self._flags = KILL_ON_CLOSE if fail == "closed" else 0
        self.handle = handle or api.call("CreateJobObjectW", None, None)
        self._freezer = Freezer(self.pids)
        self._limited = False
        if not handle:
            self._limit(None)

    @property
    def halts(self) -> list[Halt]:
        """Suspensions of its processes that were not undone yet."""
        return self._freezer.halts

    def tell(self, tell: Tell) -> None:
        """Have somebody told of each suspension before it is made."""
        self._freezer.tell = tell

    def pids(self) -> list[int]:
        """Pids of every live process of the job and of jobs inside it; raises ``OSError``."""
        room = _ROOM
        while True:
            found = pid_list(room)()
            size, code = ctypes.sizeof(found), 0
            if not api.function("QueryInformationJobObject")(self.handle, _PIDS, ctypes.byref(found), size, None):
                code = api.last_error()
                if code != api.MORE_DATA:
                    raise api.failure("QueryInformationJobObject", code)
            assigned, listed = int(getattr(found, "assigned")), int(getattr(found, "listed"))  # noqa: B009 - made at run time
            if code == 0 and assigned <= listed:
                return [int(pid) for pid in getattr(found, "pids")[:listed]]  # noqa: B009 - as above
            room = max(2 * room, assigned + _ROOM)

    def add(self, pid: int) -> None:
        """Put a process in, and with it whatever it starts from now on; ``ProcessLookupError`` when it is gone.

        Raises ``PermissionError`` where it may not be put into a job: another session, a job with limits of its own kind.
        """
        with process.opened(pid, api.SET_QUOTA | api.TERMINATE) as handle:
            self.take(handle)

    def add_known(self, pid: int, key: int) -> None:
        """As ``add``, but only the very process of this key; ``ProcessLookupError`` when its pid is another's by now."""
        with process.opened(pid, api.SET_QUOTA | api.TERMINATE | api.QUERY) as handle:
            if process_key(pid, process.created(handle)) != key:
                raise ProcessLookupError(f"pid {pid} is another process by now")
            self.take(handle)

    def take(self, handle: int) -> None:
        """Put in the process of a handle, which needs SET_QUOTA and TERMINATE."""
        if self._limited:  # the system would end who is one too many; the next freeze sets the limit again
            self._limit(None)
        api.call("AssignProcessToJobObject", self.handle, handle)

    def kill(self) -> None:
        """End every process in it with one call; does not wait. Raises ``OSError``."""
        api.call("TerminateJobObject", self.handle, process.EXIT_CODE)

    def wait_empty(self, timeout: float) -> bool:
        """True once the job lists no process; false after ``timeout`` seconds."""
        deadline, pause = time.monotonic() + timeout, 0.001
        while self.pids():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, pause))
            pause = min(2 * pause, 0.02)
        return True

    def freeze(self, timeout: float) -> bool:
        """Let nobody start a process, and suspend each; true once every thread is seen suspended. Raises ``OSError``."""
        self._limit(max(len(self.pids()), 1))
        return self._freezer.freeze(timeout)

    def thaw(self, timeout: float) -> bool:  # noqa: ARG002 - the protocol has it
        """Let it run again; true when none of those that were suspended was missed."""
        self._limit(None)
        return self._freezer.thaw()

    def close(self) -> None:
        """Give the handle up; safe to call twice."""
        handle, self.handle = self.handle, 0
        api.close(handle)

    def set_fail(self, fail: Literal["open", "closed"]) -> None:
        """Say anew what becomes of the run when the last handle closes. Raises ``OSError``."""
        self._flags = KILL_ON_CLOSE if fail == "closed" else 0
        self._limit(None)

    def release(self) -> None:
        """Give the job up so that its processes go on, also where closing its handle would end them. Raises ``OSError``."""
        self.set_fail("open")
        self.close()

    def _limit(self, most: int | None) -> None:
        """Set the limits; never one that lets a child break away."""
        self._limited = most is not None
        limits = ExtendedLimits()
        limits.basic.flags = self._flags | (0 if most is None else MOST_PROCESSES)
        limits.basic.active_processes = most or 0
        api.call("SetInformationJobObject", self.handle, _LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
