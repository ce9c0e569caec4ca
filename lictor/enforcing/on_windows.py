"""Enforcement on Windows: a job object per run, block rules of the firewall, the vault with access lists.

There is no keeper. A run that fails closed ends with Lictor, since its job does; one that fails open goes on, and stays frozen if it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from enforcer.dry_run import DryRun
from enforcer.interface import Enforcer, Network, ProcessGroup
from enforcer.windows import process
from enforcer.windows.enforcer import WindowsEnforcer
from enforcer.windows.guard import WindowsGuard
from enforcer.windows.isolate import ProgramBlock
from enforcer.windows.privileges import enable
from enforcer.windows.quarantine import Quarantine
from enforcer.windows.tree import AttachedGroup, gather
from enforcer.windows.vault import WindowsVault
from lictor.enforcing.machine import Machine, Parts, Reach
from lictor.live import LiveRun

FOLDER = "quarantine"
"""The vault's folder below the lake, as on every system."""

_END_S = 2.0


class WindowsMachine(Machine):
    """See ``Machine``."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._guard = WindowsGuard(files=[str(file) for file in parts.files])
        vault = WindowsVault(str(parts.lake / FOLDER))
        self._windows = WindowsEnforcer(self._guard, Quarantine(vault, partial(process.kill_process, timeout=_END_S)))
        self.enforcer = self._windows

    def dry(self) -> Enforcer:
        """See ``Machine``."""
        return DryRun(self._guard)

    def open(self, log: Path) -> None:  # noqa: ARG002 - a keeper's, and there is none
        """Switch the right on by which other people's processes can be reached; without it, say so."""
        told = enable()
        if not told.confirmed:
            self._parts.report(told.evidence)

    def close(self) -> None:
        """See ``Machine``."""
        self._windows.close()

    def begin(self, live: LiveRun) -> None:
        """Nobody beside Lictor has to know it."""

    def prepare(self, live: LiveRun) -> None:
        """See ``Machine``."""
        self._gather(live)

    def end(self, live: LiveRun) -> None:
        """Rules of the firewall go, since programs would be blocked for everybody; a found run leaves its job."""
        if live.network is not None:
            if not (told := live.network.join()).confirmed:
                self._parts.report(f"run {live.id}: {told.evidence}")
            live.network = None
        if live.adopted is not None:
            live.adopted.give_back()
            live.adopted = None

    def reach(self, live: LiveRun) -> Reach:
        """See ``Machine``."""
        return Reach(gather=lambda: self._gather(live), network=lambda: self._network(live))

    def lease(self, live: LiveRun, seconds: float | None) -> None:
        """Nobody outside of Lictor sees to it; see the module."""

    def _gather(self, live: LiveRun) -> ProcessGroup:
        if live.group is None:
            known = partial(self._parts.survivors, live.number)
            live.adopted = Gathered(gather(known, partial(self._guard.check_process, live.id), fail=live.fail))
        if live.group is None:
            raise AssertionError("a run that was gathered has a job")
        return live.group

    def _network(self, live: LiveRun) -> Network:
        if live.network is None:
            live.network = ProgramBlock(live.id, lambda: set(self._programs(live)))
        return live.network

    def _programs(self, live: LiveRun) -> Iterator[str]:
        """Paths of the programs that the run's processes run now."""
        for pid, _ in self._parts.survivors(live.number):
            with suppress(OSError):  # it has ended, or may not be looked at
                yield process.program(pid)


class Gathered:
    """The job that a found run was taken into."""

    def __init__(self, group: AttachedGroup) -> None:
        self.group = group

    def give_back(self) -> None:
        """Close our handle; the processes go on."""
        self.group.release()
