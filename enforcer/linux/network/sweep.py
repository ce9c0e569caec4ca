"""Ends every socket that a run has: what its processes hold, and what was made in its cgroup, wherever it is now.

What was made in the cgroup is destroyed, and the programs there hold back what it could do
afterwards. What was made elsewhere escapes them, so it is silenced for good too.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from enforcer.linux import cgroupfs
from enforcer.linux.network import held, silence
from enforcer.linux.network.namespaces import Namespaces
from enforcer.linux.network.sock_diag import PROTOCOLS, InetSocket, SockDiag

if TYPE_CHECKING:
    from enforcer.linux.cgroup import RunCgroup

ROUNDS = 40
"""Walks at most. The second looks whether the first was enough; more are for sockets that are handed around, whose
holders run between two walks for as long as a busy machine lets them."""

Pids = Callable[[], Iterable[int]]
Listed = tuple[SockDiag, InetSocket]


@dataclass
class Swept:
    """What a sweep met and did."""

    ended: Counter[str] = field(default_factory=Counter)
    """Sockets that the kernel destroyed, by protocol."""
    silenced: set[int] = field(default_factory=set)
    """Inodes of sockets made outside of the run's cgroup that can neither send nor receive any more."""
    foreign: set[int] = field(default_factory=set)
    """Inodes of all sockets made outside of it: others may hold them too."""
    harmless: set[tuple[str, int]] = field(default_factory=set)
    """(kind, inode) of sockets that reach no network; they stay."""
    members: set[int] = field(default_factory=set)
    """Processes that were looked at."""
    outside: set[int] = field(default_factory=set)
    """Processes of the run that are not in its cgroup."""
    left: set[str] = field(default_factory=set)
    """What may still send or receive, or could not be looked at; in words, as the last walk saw it."""
    live: int = 0
    """Sockets made in the cgroup that the last walk saw connected or listening: only the programs hold them back."""
    settled: bool = False
    """Whether the last walk found nothing new that was made elsewhere."""


@dataclass
class _Known:
    """What stays true from one walk to the next, also when the kernel no longer lists a socket that it has ended."""

    here: set[int] = field(default_factory=set)
    """Inodes of sockets made in the run's cgroup."""
    silenced: set[int] = field(default_factory=set)
    ordered: set[bytes] = field(default_factory=set)
    """Cookies of sockets whose end was ordered."""


class Sweeper:
    """The sockets of all processes in a cgroup and of those that ``pids`` names."""

    def __init__(self, group: RunCgroup, pids: Pids) -> None:
        self._group = group
        self._pids = pids
        self._known = _Known()

    def sweep(self) -> Swept:
        """End them; raises ``OSError`` when they cannot be found."""
        swept = Swept()
        for number in range(ROUNDS):
            swept.left.clear()
            with Namespaces() as spaces:
                walk = _Walk(self._group, self._pids, swept, self._known, spaces)
                walk.over_processes()
                walk.destroy()
            if number and not walk.found_new:
                swept.settled = True
                break
        return swept


class _Walk:
    """One walk over the processes of the run."""

    def __init__(self, group: RunCgroup, pids: Pids, swept: Swept, known: _Known, spaces: Namespaces) -> None:
        self._group = group
        self._pids = pids
        self._swept = swept
        self._known = known
        self._spaces = spaces
        self._births = _ids(group)
        self._by_inode: dict[int, list[Listed]] = defaultdict(list)
        self._victims: dict[bytes, Listed] = {}
        self.found_new = False

    def over_processes(self) -> None:
        for pid in sorted({*self._group.pids(), *self._pids()} - {os.getpid()}):
            with held.opened(pid) as process:
                if process is not None and self._is_member(process):
                    self._swept.members.add(pid)
                    self._look_at(process)

    def _is_member(self, process: held.Process) -> bool:
        self._swept.outside.discard(process.pid)
        if process.below(self._group.path):
            return True
        # Asked again now that its directory is held open: the pid may have been another's when it was named.
        if process.pid not in set(self._pids()):
            return False
        self._swept.outside.add(process.pid)
        return True

    def _look_at(self, process: held.Process) -> None:
        try:
            self._enter(os.open("ns/net", os.O_RDONLY | os.O_CLOEXEC, dir_fd=process.directory))
            for thread, found in held.sockets(process):
                with silence.holder(process.pid, thread) as holder:
                    if holder is not None:
                        for one in found:
                            self._end(process.pid, holder, one)
        except (FileNotFoundError, ProcessLookupError):
            return  # it has ended
        except OSError as error:
            self._swept.left.add(f"the sockets of process {process.pid} cannot be looked at: {error.strerror}")

    def _enter(self, namespace: int) -> None:
        """List the sockets of a namespace that was not met before; the descriptor is closed."""
        try:
            diag = self._spaces.enter(namespace)
        finally:
            os.close(namespace)
        if diag is not None:
            for found in diag.sockets():
                self._note(diag, found)

    def _note(self, diag: SockDiag, found: InetSocket) -> None:
        self._by_inode[found.inode].append((diag, found))
        if found.cgroup in self._births:
            self._known.here.add(found.inode)
            self._victims[found.cookie] = diag, found

    def _end(self, pid: int, holder: int, one: held.Held) -> None:
        if one.inode not in self._known.here and one.inode not in self._known.silenced:
            try:
                found = silence.take(holder, one)
                if found is not None:
                    with found:
                        self._silence(found, one.inode)
            except OSError as error:
                self._swept.left.add(f"a socket of process {pid} cannot be taken: {error.strerror}")
        for listed in self._by_inode.get(one.inode, ()):
            self._victims[listed[1].cookie] = listed

    def _silence(self, found: socket.socket, inode: int) -> None:
        if found.family in silence.HARMLESS:
            self._swept.harmless.add((silence.kind(found), inode))
            return
        if found.family in silence.INET:
            self._enter(silence.namespace(found))  # its process may have gone to another since
            if inode in self._known.here:
                return
        self.found_new |= inode not in self._swept.foreign
        self._swept.foreign.add(inode)
        if problem := silence.silence(found):
            self._swept.left.add(problem)
        else:
            self._swept.silenced.add(inode)
            self._known.silenced.add(inode)

    def destroy(self) -> None:
        """Order the end of what was found and not ordered before."""
        self._swept.live = 0
        orders: dict[SockDiag, list[InetSocket]] = defaultdict(list)
        for diag, found in self._victims.values():
            if found.cookie not in self._known.ordered:
                orders[diag].append(found)
            elif found.live:
                self._stays(found, "is still there")
        for diag, wanted in orders.items():
            for found, number in zip(wanted, diag.destroy(wanted), strict=True):
                self._swept.ended[PROTOCOLS[found.protocol]] += number == 0
                if number in (0, errno.ENOENT):
                    self._known.ordered.add(found.cookie)
                else:
                    self._stays(found, f"cannot be destroyed: {os.strerror(number)}")

    def _stays(self, found: InetSocket, why: str) -> None:
        if found.cgroup in self._births:
            self._swept.live += 1
        elif found.protocol != socket.IPPROTO_UDP or found.inode not in self._known.silenced:
            self._swept.left.add(f"{found} {why}")


def _ids(group: RunCgroup) -> set[int]:
    """Ids of the cgroup and of those below it; a socket names the one that it was made in."""
    found = set()
    for directory in cgroupfs.subtree(group.directory):
        with contextlib.suppress(FileNotFoundError):
            found.add(directory.stat().st_ino)
    return found
