"""Enforcement on Linux: cgroups, signals where there can be none, the network in the kernel, and a keeper beside Lictor."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from enforcer.dry_run import DryRun
from enforcer.guard import Guard
from enforcer.interface import Enforcer, Network, ProcessGroup
from enforcer.linux.adopt import adopt
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.cgroupfs import CgroupError
from enforcer.linux.enforcer import LinuxEnforcer
from enforcer.linux.isolation import Isolation
from enforcer.linux.keeper import Keeper
from enforcer.linux.signalled import Signalled
from lictor.enforcing.kept import Kept
from lictor.enforcing.machine import Machine, Parts, Reach, then
from lictor.live import LiveRun
from lictor.quarantining import quarantine, settle, vault_of
from lictor.telling.folder import remove_stale


class LinuxMachine(Machine):
    """See ``Machine``."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._collector = parts.collector
        self._vault = vault_of(parts.lake)
        self._guard = Guard(files=parts.files)
        self._linux = LinuxEnforcer(self._guard, partial(quarantine, self._vault), parts.collector.let_go)
        self.enforcer = self._linux
        self._signalled: dict[str, Signalled] = {}
        self._keeper: Kept[Keeper] = Kept(parts, lambda: Keeper.start(self._keeper_log), self._knows)
        self._keeper_log = parts.lake / "keeper.jsonl"

    def dry(self) -> Enforcer:
        """See ``Machine``."""
        return DryRun(self._guard)

    def open(self, log: Path) -> None:
        """Settle what a crash left in the vault, and start the keeper, which writes to ``log``."""
        for line in settle(self._vault, self._parts.keep):
            self._parts.report(line)
        remove_stale()
        self._keeper_log = log
        self._keeper.open()

    def close(self) -> None:
        """See ``Machine``."""
        self._linux.close()
        self._keeper.close()

    def tick(self) -> None:
        """A keeper that was ended is replaced before somebody ends Lictor too."""
        self._keeper.look()

    def begin(self, live: LiveRun) -> None:
        """The keeper must know a run before anything is done to it."""
        if live.group is not None or self._by_signals:
            self._keeper.tell(lambda keeper: self._add(keeper, live))

    def prepare(self, live: LiveRun) -> None:
        """Take it into a cgroup at once.

        The kernel may stop one of its processes, and Lictor die, at any moment; the keeper must be able to reach
        all of it from then on.
        """
        try:
            self._gather(live)
        except CgroupError:
            if not self._by_signals:
                raise

    def end(self, live: LiveRun) -> None:
        """See ``Machine``."""
        if self._collector.isolated(live.number):
            self._collector.join(live.number)  # its number is used no more, its place in the map is
        if isinstance(live.network, Isolation):
            live.network.close()
        live.network = None
        if live.adopted is not None:  # before the keeper forgets it: the group is frozen while it is emptied
            live.adopted.give_back()
        if live.group is not None or self._by_signals:
            self._keeper.tell(lambda keeper: keeper.drop(live.id))
        self._signalled.pop(live.id, None)
        live.adopted = None

    def reach(self, live: LiveRun) -> Reach:
        """See ``Machine``."""
        return Reach(
            gather=lambda: self._gather(live),
            signals=self._signals(live) if self._by_signals else None,
            network=(lambda: self._network(live)) if self._collector.kernel is not None else None,
        )

    @property
    def _by_signals(self) -> bool:
        """Whether a run without a cgroup is stopped by signals: where a source sees from beside, Lictor may be anybody's.

        Not under the sensor, which is root's: whoever cannot be frozen there is acted on in a harder way.
        """
        return self._collector.kernel is None

    def _signals(self, live: LiveRun) -> Signalled:
        return self._signalled.setdefault(live.id, Signalled(partial(self._parts.survivors, live.number)))

    def _gather(self, live: LiveRun) -> ProcessGroup:
        """The group of a run, made for one that was found: its tree is moved in until none is left outside."""
        if live.group is None:
            survivors = partial(self._parts.survivors, live.number)
            # The keeper knows the group before anybody is in it: a death of ours may leave it frozen half-way.
            live.adopted = adopt(
                live.id, live.root_pid, live.root_key, survivors, fail=live.fail,
                made=lambda group: self._keeper.tell(lambda keeper: self._add(keeper, live, group)),
            )  # fmt: skip
        return _cgroup(live)

    def _network(self, live: LiveRun) -> Network:
        if live.network is None:
            number = live.number

            def mark(on: bool) -> None:
                (self._collector.isolate if on else self._collector.join)(number)

            self._gather(live)
            live.network = Isolation(
                _cgroup(live),
                lambda: [pid for pid, _ in self._parts.survivors(number)],
                mark,
                lambda: self._collector.isolated(number),
                lambda pid: self._collector.tag(pid, number),
            )
        return live.network

    # The keeper

    def lease(self, live: LiveRun, seconds: float | None) -> None:
        """The keeper lets a run go on, or ends it, that is frozen for longer."""
        if seconds is None:
            self._keeper.tell(lambda keeper: keeper.clear(live.id))
        else:
            if live.group is None:  # those that were found since it began
                self._keeper.tell(lambda keeper: self._add(keeper, live))
            self._keeper.tell(lambda keeper: keeper.lease(live.id, seconds, then(live)))

    def _knows(self, keeper: Keeper, live: LiveRun) -> None:
        """Tell a new one of a run that the last one knew."""
        if live.group is not None or (live.enforce and self._by_signals):
            self._add(keeper, live)

    def _add(self, keeper: Keeper, live: LiveRun, group: RunCgroup | None = None) -> None:
        others = self._parts.survivors(live.number)
        group = group or (None if live.group is None else _cgroup(live))
        keeper.add(live.id, None if group is None else group.directory, live.root_pid, live.root_key, live.fail, others)


def _cgroup(live: LiveRun) -> RunCgroup:
    group = live.group
    if not isinstance(group, RunCgroup):
        raise AssertionError("a run that was gathered has a cgroup")  # noqa: TRY004 - a defect, and no wrong type of a caller's
    return group
