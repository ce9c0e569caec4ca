"""Enforcement on Windows: a job object per run, block rules of the firewall, the vault with access lists, and a keeper beside Lictor.

A run that fails closed ends with Lictor, since its job does; the keeper lets one that fails open go on if it was frozen, and takes its rules away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from enforcer.dry_run import DryRun
from enforcer.interface import Enforcer, Network, ProcessGroup
from enforcer.windows import process
from enforcer.windows.enforcer import LEASE_MARGIN_S, WindowsEnforcer
from enforcer.windows.guard import WindowsGuard
from enforcer.windows.isolate import ProgramBlock
from enforcer.windows.job import Job
from enforcer.windows.keeper import Keeper, KeeperError
from enforcer.windows.privileges import enable
from enforcer.windows.quarantine import Quarantine
from enforcer.windows.suspension import Halt
from enforcer.windows.tree import AttachedGroup, gather
from enforcer.windows.vault import WindowsVault
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
        self._keeper: Keeper | None = None
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
        self._keeper = Keeper.start(log)

    def close(self) -> None:
        """See ``Machine``."""
        self._windows.close()
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def tick(self) -> None:
        """A keeper that was ended is replaced before somebody ends Lictor too."""
        self._tell_keeper(lambda keeper: keeper.look())

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
        self._tell_keeper(lambda keeper: keeper.drop(live.id))
        if live.adopted is not None:
            live.adopted.give_back()
            live.adopted = None

    def reach(self, live: LiveRun) -> Reach:
        """See ``Machine``."""
        return Reach(gather=lambda: self._gather(live), network=lambda: self._network(live))

    def _gather(self, live: LiveRun) -> ProcessGroup:
        if live.group is None:
            # The keeper knows who is about to be taken in: a death of ours may leave a run that fails closed half outside.
            self._tell_keeper(lambda keeper: self._add(keeper, live))
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
            self._tell_keeper(lambda keeper: keeper.clear(live.id))
        else:
            self._tell_keeper(lambda keeper: keeper.lease(live.id, seconds, then(live)))

    def _look_after(self, live: LiveRun) -> None:
        """Tell the keeper of a run with its job, and of each suspension from now on."""
        self._tell_keeper(lambda keeper: self._add(keeper, live))
        group = live.group
        if isinstance(group, Job | AttachedGroup):
            group.tell(lambda halt: self._tell_keeper(lambda keeper: keeper.halt(live.id, halt)))

    def _add(self, keeper: Keeper, live: LiveRun) -> None:
        known = dict([(live.root_pid, live.root_key), *self._parts.survivors(live.number)])
        keeper.add(live.id, _job(live.group), live.fail, list(known.items()))
        for halt in _halts(live.group):
            keeper.halt(live.id, halt)

    def _tell_keeper(self, what: Callable[[Keeper], None]) -> None:
        """Tell the keeper; one that has died is replaced, and told of all runs and of those that are frozen."""
        if self._keeper is None:
            return
        try:
            what(self._keeper)
        except KeeperError as error:
            title = f"the keeper ended ({error}); another was started"
            self._parts.alarms.raise_("keeper-lost", title, "high")
            self._parts.report(title)
            self._keeper = self._replacement()
            if self._keeper is not None:
                what(self._keeper)

    def _replacement(self) -> Keeper | None:
        """A new keeper that knows what the old one knew; ``None``, and an alarm, where none can be started."""
        try:
            keeper = Keeper.start(self._keeper_log)
            for live in self._parts.runs.values():
                if live.enforce and live.group is not None:
                    self._add(keeper, live)
            for hold in self._parts.holds():
                keeper.lease(hold.run, hold.seconds + LEASE_MARGIN_S, then(self._parts.runs[hold.run]))
        except KeeperError as error:
            title = f"no keeper can be had ({error}): held runs stay held should Lictor die"
            self._parts.alarms.raise_("no-keeper", title, "critical")
            self._parts.report(title)
            return None
        return keeper


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
