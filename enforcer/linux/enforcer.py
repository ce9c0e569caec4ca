"""Carries out orders on Linux: pidfd for one process, cgroup for a run, ``/proc`` for the proof."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from enforcer.background import Background
from enforcer.guard import Guard
from enforcer.interface import LEASE_MARGIN_S, Enforcer, Outcome
from enforcer.linux import process
from enforcer.linux.cgroupfs import CgroupError
from enforcer.linux.reopen import open_as

if TYPE_CHECKING:
    from enforcer.interface import Order, ProcessGroup, RunHandle

Quarantine = Callable[["Order", str, tuple[int, int] | None], Outcome]
"""Takes a file away: the order, the id of its intent's row, and (st_dev, st_ino) of the file meant where it is known."""


def _no_vault(_order: Order, _deed: str, _inode: tuple[int, int] | None) -> Outcome:
    return Outcome("failed", "there is no quarantine vault here")


@dataclass(frozen=True)
class _Words:
    """What was done to a run, and what was read back of it."""

    done: str
    stands: str
    goes_on: str
    still: str


_BY_CGROUP = _Words(
    "cgroup.freeze written", "cgroup.events shows frozen 1", "cgroup.events shows frozen 0",
    "cgroup.events does not show frozen 0",
)  # fmt: skip
_BY_SIGNALS = _Words(
    "SIGSTOP sent to each process that was found", "/proc shows each process that was found stopped by SIGSTOP",
    "SIGCONT sent; /proc shows none of them stopped", "/proc shows some still stopped",
)  # fmt: skip


class LinuxEnforcer(Enforcer):
    """Acts through the kernel; every order passes the guard first."""

    def __init__(
        self,
        guard: Guard | None = None,
        quarantine: Quarantine = _no_vault,
        let_go: Callable[[int], None] = lambda _: None,
    ) -> None:
        """``let_go`` tells the sensor, by process key, that a process which it stopped may go on."""
        self._let_go = let_go
        self._guard = Guard() if guard is None else guard
        self._quarantine = quarantine
        self._background = Background()

    def close(self) -> None:
        """Wait for what goes on in the background."""
        self._background.close()

    # One process

    def kill_process(self, order: Order, timeout: float) -> Outcome:
        """SIGKILL by pidfd; see ``Enforcer``."""
        self._guard.check(order)
        if not self._guard.permit_process(order):
            return Outcome(
                "failed", "too many processes of this run were killed within a minute: the run is acted on as a whole"
            )
        return process.kill_process(order.pid, order.process_key, timeout)

    def wait_gone(self, order: Order, timeout: float) -> Outcome | None:
        """Read ``/proc`` and a pidfd; see ``Enforcer``."""
        return process.wait_gone(order.pid, order.process_key, timeout)

    def continue_process(self, order: Order) -> Outcome:
        """SIGCONT by pidfd; see ``Enforcer``. Not a thing for the guard: whoever stands still by us may go on."""
        self._let_go(order.process_key)  # first: the sensor kills one that moves on without a person's word
        return process.continue_process(order.pid, order.process_key)

    # The run

    def kill_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:
        """``cgroup.kill``, then each tagged process that has left the cgroup; see ``Enforcer``."""
        deadline = time.monotonic() + timeout
        self._guard.permit_run(order)
        try:
            group = self._group(handle)
            if group is not None:
                group.kill()
        except (CgroupError, OSError) as error:
            if handle.group is not None:
                return Outcome("failed", str(error))
            group = None  # none can be made: process by process then
        handle = replace(handle, group=group)
        while True:
            if group is None:  # else whoever is elsewhere is looked for once the group is empty: a walk takes its time
                self._kill_survivors(order, handle)
            left = deadline - time.monotonic()
            proof = self.wait_run_gone(order, handle, min(max(left, 0), 0.01))
            if proof is not None:
                return Outcome(proof.enforcement, f"{self._means(handle)}; {proof.evidence}")
            if left <= 0:
                return Outcome("unverified", self._means(handle))

    def wait_run_gone(self, order: Order, handle: RunHandle, timeout: float) -> Outcome | None:
        """``cgroup.events``, then a walk for tagged processes elsewhere, which are killed when found; see ``Enforcer``."""
        if handle.group is not None and not handle.group.wait_empty(timeout):
            return None
        if self._kill_survivors(order, handle):
            return None
        seen = "the run has no cgroup" if handle.group is None else "cgroup.events shows populated 0"
        return Outcome("confirmed", f"{seen}; no tagged process is left elsewhere")

    def freeze_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:
        """``cgroup.freeze``, under a lease; see ``Enforcer``."""
        self._guard.permit_run(order)
        try:
            group, words = self._standing(handle)
        except (CgroupError, OSError) as error:
            return Outcome("failed", str(error))
        if group is None:
            return Outcome("failed", "the run has no cgroup, and none could be made")
        handle.lease(handle.limits.seconds + LEASE_MARGIN_S)
        return self._frozen(order, handle, group, timeout) or Outcome("unverified", words.done)

    def wait_run_frozen(self, order: Order, handle: RunHandle, timeout: float) -> Outcome | None:
        """``cgroup.events``; tagged processes elsewhere are moved in, which freezes them; see ``Enforcer``."""
        try:
            group, _ = self._standing(handle)  # whoever came into it meanwhile passes the guard too
        except (CgroupError, OSError) as error:
            return Outcome("failed", str(error))
        return None if group is None else self._frozen(order, handle, group, timeout)

    def _frozen(self, order: Order, handle: RunHandle, group: ProcessGroup, timeout: float) -> Outcome | None:
        try:
            return self._freeze(order, handle, group, timeout)
        except ProcessLookupError:  # one that was to be moved in has ended
            return None
        except (CgroupError, OSError) as error:  # such as: the run has ended, and its cgroup with it
            return Outcome("failed", str(error))

    def _freeze(self, order: Order, handle: RunHandle, group: ProcessGroup, timeout: float) -> Outcome | None:
        if not group.freeze(timeout):
            return None
        inside = set(group.pids())
        outside = [(pid, key) for pid, key in handle.survivors() if pid not in inside and process.alive(pid, key)]
        for pid, key in outside:
            self._guard.check(replace(order, run=handle.run, pid=pid, process_key=key))
            group.add(pid)
        if outside:
            return None
        shown = (_BY_SIGNALS if group is handle.signals else _BY_CGROUP).stands
        return Outcome("confirmed", f"{shown}, {len(inside)} processes; none of the run is elsewhere")

    def thaw_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:  # noqa: ARG002 - the interface has it
        """``cgroup.freeze``; see ``Enforcer``."""
        try:
            group, words = self._standing(handle)
            thawed = group is not None and group.thaw(timeout)
        except (CgroupError, OSError) as error:
            return Outcome("failed", str(error))
        if not thawed:
            return Outcome("failed", f"{words.still} after {timeout:g} s")
        handle.lease(None)
        return Outcome("confirmed", words.goes_on)

    # The network of the run

    def cut_network(self, order: Order, handle: RunHandle) -> Outcome:
        """See ``enforcer.linux.isolation``."""
        self._guard.permit_run(order)
        if handle.network is None:
            return Outcome("failed", "the network of this run cannot be cut here")
        try:
            self._group(handle)
            return handle.network().cut()
        except (CgroupError, OSError) as error:
            return Outcome("failed", str(error))

    def join_network(self, order: Order, handle: RunHandle) -> Outcome:  # noqa: ARG002 - the interface has it
        """See ``enforcer.linux.isolation``."""
        if handle.network is None:
            return Outcome("failed", "the network of this run was not cut here")
        try:
            return handle.network().join()
        except (CgroupError, OSError) as error:
            return Outcome("failed", str(error))

    # A file

    def begin_quarantine(self, order: Order, deed: str) -> None:
        """Into the vault, in the background; see ``Enforcer``."""
        path = order.object or ""
        self._guard.check_file(path)
        self._guard.permit_file(order)
        self._background.begin(deed, partial(self._take, order, deed, _meant(path, order.inode)))

    def _take(self, order: Order, deed: str, inode: tuple[int, int] | None) -> Outcome:
        outcome = self._quarantine(order, deed, inode)
        if outcome.enforcement == "failed" or not order.object:
            return outcome
        try:
            refused = open_as(order.uid or 0, order.object)
        except PermissionError as error:
            return replace(
                outcome, enforcement="unverified", evidence=f"{outcome.evidence}; not tried: {error.strerror}"
            )
        if refused == 0 and outcome.confirmed:
            return Outcome("unverified", f"{outcome.evidence}; a file of that name can still be opened")
        how = f"open by its name gives {errno.errorcode.get(refused, refused)}" if refused else "it can still be opened"
        return replace(outcome, evidence=f"{outcome.evidence}; {how}")

    def wait_quarantined(self, order: Order, deed: str, timeout: float) -> Outcome | None:  # noqa: ARG002 - see above
        """See ``Enforcer``."""
        return self._background.wait(deed, timeout)

    # Parts

    def _group(self, handle: RunHandle) -> ProcessGroup | None:
        """The group of the run, made for one that was found; checked by the guard either way."""
        group = handle.group or (handle.gather() if handle.gather is not None else None)
        self._guard.check_group(handle.run, [] if group is None else group.pids(), handle.programs())
        return group

    def _standing(self, handle: RunHandle) -> tuple[ProcessGroup | None, _Words]:
        """What the run is stopped and continued by, and the words for it."""
        try:
            return self._group(handle), _BY_CGROUP
        except (CgroupError, OSError):
            if handle.signals is None:
                raise
            self._guard.check_group(handle.run, handle.signals.pids(), handle.programs())
            return handle.signals, _BY_SIGNALS

    def _kill_survivors(self, order: Order, handle: RunHandle) -> int:
        """Signal tagged processes that live outside the cgroup, waiting for none; returns how many lived."""
        alive = [(pid, key) for pid, key in handle.survivors() if process.alive(pid, key)]
        for pid, key in alive:
            self._guard.check(replace(order, run=handle.run, pid=pid, process_key=key))
            process.kill_process(pid, key, 0)
        return len(alive)

    @staticmethod
    def _means(handle: RunHandle) -> str:
        return "each tagged process signalled" if handle.group is None else "cgroup.kill written"


def _meant(path: str, inode: tuple[int, int] | None) -> tuple[int, int] | None:
    """The file as ``stat`` names it. On some file systems (btrfs, overlay) stat has another device than the kernel."""
    if inode is None:
        return None
    device, number = inode
    try:
        status = os.lstat(path)
    except OSError:
        status = None
    if status is not None and status.st_ino == number:
        return status.st_dev, number
    return os.makedev(device >> 20, device & 0xFFFFF), number
