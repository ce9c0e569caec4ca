"""Enforcement on Windows: a job object per run, block rules of the firewall, the vault with access lists, and a keeper beside Lictor.

A run that fails closed ends with Lictor, since its job does; the keeper lets one that fails open go on if it was frozen, and takes its rules away.
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
from enforcer.windows.job import Job
from enforcer.windows.keeper import Keeper
from enforcer.windows.privileges import enable
from enforcer.windows.quarantine import Quarantine
from enforcer.windows.suspension import Halt
from enforcer.windows.tree import AttachedGroup, gather
from enforcer.windows.vault import WindowsVault
from lictor.enforcing.kept import Kept
from lictor.enforcing.leftovers import Leftovers
from lictor.enforcing.machine import Machine, Parts, Reach, then
from lictor.live import LiveRun
from lictor.quarantining import FOLDER, settle, vault_of

_END_S = 2.0


class WindowsMachine(Machine):
    """See ``Machine``."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._guard = WindowsGuard(files=[str(file) for file in parts.files])
        vault = WindowsVault(str(parts.lake / FOLDER))
        self._windows = WindowsEnforcer(self._guard, Quarantine(vault, partial(process.kill_process, timeout=_END_S)))
        self.enforcer = self._windows
        self._keeper: Kept[Keeper] = Kept(parts, lambda: Keeper.start(self._keeper_log), self._knows)
        self._keeper_log = parts.lake / "keeper.jsonl"

    def dry(self) -> Enforcer:
        """See ``Machine``."""
        return DryRun(self._guard)

    def open(self, log: Path) -> None:
        """Switch the right on by which other people's processes can be reached, settle what a crash left, start the keeper."""
        told = enable()
        if not told.confirmed:
            self._parts.report(told.evidence)
        for line in settle(vault_of(self._parts.lake), self._parts.keep):
            self._parts.report(line)
        Leftovers(self._parts.collector.context).settle(self._parts.keep, self._parts.report)
        self._keeper_log = log
        self._keeper.open()

    def close(self) -> None:
        """See ``Machine``."""
        self._windows.close()
        self._keeper.close()

    def tick(self) -> None:
        """A keeper that was ended is replaced before somebody ends Lictor too."""
        self._keeper.look()

    def begin(self, live: LiveRun) -> None:
        """The keeper must know a run before anything is done to it."""
        if live.group is not None:
            self._look_after(live)

    def prepare(self, live: LiveRun) -> None:
        """See ``Machine``."""
        self._gather(live)

    def end(self, live: LiveRun) -> None:
        """Rules of the firewall go, since programs would be blocked for everybody; a found run goes on if it was held, and leaves its job."""
        if live.network is not None:
            if not (told := live.network.join()).confirmed:
                self._parts.report(f"run {live.id}: {told.evidence}")
            live.network = None
        if live.adopted is not None and not _goes_on(live.adopted.group):
            self._parts.report(f"run {live.id}: not every suspended process could be resumed")
        self._keeper.tell(lambda keeper: keeper.drop(live.id))
        if live.adopted is not None:
            live.adopted.give_back()
            live.adopted = None

    def reach(self, live: LiveRun) -> Reach:
        """See ``Machine``."""
        return Reach(gather=lambda: self._gather(live), network=lambda: self._network(live))

    def _gather(self, live: LiveRun) -> ProcessGroup:
        if live.group is None:
            # The keeper knows who is about to be taken in: a death of ours may leave a run that fails closed half outside.
            self._keeper.tell(lambda keeper: self._add(keeper, live))
            known = partial(self._parts.survivors, live.number)
            live.adopted = Gathered(gather(known, partial(self._guard.check_process, live.id), fail=live.fail))
            self._look_after(live)
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

    # The keeper

    def lease(self, live: LiveRun, seconds: float | None) -> None:
        """The keeper lets a run go on, or ends it, that is frozen for longer."""
        if seconds is None:
            self._keeper.tell(lambda keeper: keeper.clear(live.id))
        else:
            self._keeper.tell(lambda keeper: keeper.lease(live.id, seconds, then(live)))

    def _look_after(self, live: LiveRun) -> None:
        """Tell the keeper of a run with its job, and of each suspension from now on."""
        self._keeper.tell(lambda keeper: self._add(keeper, live))
        group = live.group
        if isinstance(group, Job | AttachedGroup):
            group.tell(lambda halt: self._keeper.tell(lambda keeper: keeper.halt(live.id, halt)))

    def _knows(self, keeper: Keeper, live: LiveRun) -> None:
        """Tell a new one of a run that the last one knew."""
        if live.enforce and live.group is not None:
            self._add(keeper, live)

    def _add(self, keeper: Keeper, live: LiveRun) -> None:
        known = dict([(live.root_pid, live.root_key), *self._parts.survivors(live.number)])
        keeper.add(live.id, _job(live.group), live.fail, list(known.items()))
        for halt in _halts(live.group):
            keeper.halt(live.id, halt)


def _goes_on(group: ProcessGroup) -> bool:
    """Let it go on where it was held; nobody else knows of its suspensions once it is given back."""
    try:
        return group.thaw(_END_S)
    except OSError:
        return False


def _job(group: ProcessGroup | None) -> Job | None:
    if isinstance(group, AttachedGroup):
        return group.job
    return group if isinstance(group, Job) else None


def _halts(group: ProcessGroup | None) -> list[Halt]:
    return group.halts if isinstance(group, Job | AttachedGroup) else []


class Gathered:
    """The job that a found run was taken into."""

    def __init__(self, group: AttachedGroup) -> None:
        self.group = group

    def give_back(self) -> None:
        """Close our handle; the processes go on."""
        self.group.release()
