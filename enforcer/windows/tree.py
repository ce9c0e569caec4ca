"""The tree of a run that was found, and not started by Lictor: looked for until it is all in a job, or named as outside of it.

Its processes go on starting others while they are put in. Who is inside has its children inside; so looks are repeated until two in a row
find nobody new. Who may not be put into a job (access denied) is kept beside it and acted on one by one.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from enforcer.windows import process, snapshot
from enforcer.windows.freeze import Freezer, Tell
from enforcer.windows.identity import process_key
from enforcer.windows.job import Job
from enforcer.windows.snapshot import Seen
from enforcer.windows.suspension import Halt

SECONDS = 2.0
"""How long a tree may take to be inside."""

Known = Callable[[], Sequence[tuple[int, int]]]
"""Gives (pid, process_key) of each process that is known to be of the run."""


@dataclass(frozen=True)
class Member:
    """One process of a tree; ``created`` is a FILETIME."""

    pid: int
    created: int

    @property
    def key(self) -> int:
        """Its process key."""
        return process_key(self.pid, self.created)


def below(roots: Iterable[int], seen: Iterable[Seen], created: Mapping[int, int]) -> list[Member]:
    """The roots and all that descend from them, parents before children. Pure.

    ``created`` has the creation time of those that could be asked. Who is older than its parent is somebody else's child,
    of an earlier process with that pid. One whose time is unknown is left out: nothing may be done to it.
    """
    children: dict[int, list[int]] = {}
    for one in seen:
        children.setdefault(one.parent, []).append(one.pid)
    order = [pid for pid in dict.fromkeys(roots) if pid in created]
    met = set(order)
    for pid in order:
        for child in children.get(pid, ()):
            if child not in met and child in created and created[child] >= created[pid]:
                met.add(child)
                order.append(child)
    return [Member(pid, created[pid]) for pid in order]


def look(known: Sequence[tuple[int, int]]) -> list[Member]:
    """One look at the machine: those of ``known`` that live, and all below them, parents first."""
    seen = snapshot.processes()
    times = {one.pid: time_ for one in seen if (time_ := _created(one.pid)) is not None}
    roots = [pid for pid, key in known if pid in times and process_key(pid, times[pid]) == key]
    return below(roots, seen, times)


def _created(pid: int) -> int | None:
    with contextlib.suppress(OSError), process.opened(pid) as handle:
        return None if process.wait_ended(handle, 0) else process.created(handle)
    return None


class AttachedGroup:
    """A found run: its job, and who may not be in it. A ``ProcessGroup``."""

    def __init__(self, known: Known, check: Callable[[int, int], None], job: Job | None = None) -> None:
        """Use ``gather``. ``check`` gets (pid, key) before anything is done to it and raises ``GuardRefusal``."""
        self.job = Job() if job is None else job
        self._known, self._check = known, check
        self.outside: dict[int, Member] = {}
        """Process key → who may not be put into the job, parents first."""
        self._freezer = Freezer(lambda: [one.pid for one in self._outsiders()])

    @property
    def halts(self) -> list[Halt]:
        """See ``Job.halts``; also of those beside it."""
        return [*self.job.halts, *self._freezer.halts]

    def tell(self, tell: Tell) -> None:
        """See ``Job.tell``."""
        self.job.tell(tell)
        self._freezer.tell = tell

    def take_in(self) -> bool:
        """One look; whether it found anybody who was not known. Raises ``GuardRefusal``."""
        inside, new = set(self.job.pids()), False
        for one in look(self._known()):
            if one.pid in inside or one.key in self.outside:
                continue
            self._check(one.pid, one.key)
            new |= self._take(one)
        return new

    def settle(self, timeout: float) -> None:
        """Look until two looks in a row find nobody new; raises ``OSError`` when that takes longer than ``timeout`` seconds."""
        deadline, quiet = time.monotonic() + timeout, 0
        while quiet < 2:
            quiet = 0 if self.take_in() else quiet + 1
            if quiet < 2 and time.monotonic() > deadline:
                raise OSError("processes are started faster than they can be put into a job; kill the run instead")

    def _take(self, one: Member) -> bool:
        try:
            self.job.add_known(one.pid, one.key)
        except ProcessLookupError:
            return False
        except PermissionError:
            if not process.alive(one.pid, one.key):  # so the system answers for one that is ending, too
                return False
            self.outside[one.key] = one
        return True

    def pids(self) -> list[int]:
        """Every process of the run, in the job or beside it."""
        return list(dict.fromkeys([*self.job.pids(), *(one.pid for one in self._outsiders())]))

    def add(self, pid: int) -> None:
        """Put one more in; see ``Job.add``."""
        self.job.add(pid)

    def kill(self) -> None:
        """End the job, then each one beside it, parents first; looks again for who was started meanwhile."""
        self.take_in()
        self.job.kill()
        for one in self._outsiders():
            process.kill_process(one.pid, one.key, 0)

    def wait_empty(self, timeout: float) -> bool:
        """True once the job is empty and nobody beside it lives; ends who turns up meanwhile."""
        deadline = time.monotonic() + timeout
        while not (self.job.wait_empty(max(deadline - time.monotonic(), 0)) and not self._outsiders()):
            if time.monotonic() >= deadline:
                return False
            self.kill()
            time.sleep(0.002)
        return True

    def freeze(self, timeout: float) -> bool:
        """Suspend all of it; see ``Job.freeze``."""
        deadline = time.monotonic() + timeout
        self.take_in()
        return self.job.freeze(timeout) and self._freezer.freeze(max(deadline - time.monotonic(), 0.05))

    def thaw(self, timeout: float) -> bool:
        """Let all of it go on; see ``Job.thaw``."""
        beside = self._freezer.thaw()
        return self.job.thaw(timeout) and beside

    def close(self) -> None:
        """Give the job's handle up; the processes go on, unless the job fails closed."""
        self.job.close()

    def release(self) -> None:
        """Give the job up; the processes go on in any case."""
        self.job.release()

    def _outsiders(self) -> list[Member]:
        return [one for one in self.outside.values() if process.alive(one.pid, one.key)]


def gather(
    known: Known,
    check: Callable[[int, int], None],
    timeout: float = SECONDS,
    *,
    fail: Literal["open", "closed"] = "open",
) -> AttachedGroup:
    """Take a found run into a job of its own; ``fail`` as for ``Job``, once all of it is inside.

    Raises ``GuardRefusal`` when a protected process is in the tree, and ``OSError`` when the tree grows faster than it can be taken
    in; the job lets its members go on then.
    """
    group = AttachedGroup(known, check)
    try:
        group.settle(timeout)
    except BaseException:
        group.close()
        raise
    if fail == "closed":
        group.job.set_fail(fail)
    return group
