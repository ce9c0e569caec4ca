"""The ladder in its place: what it needs of the machine, the lake and people, wired together.

The service hands in judged batches and asks now and then what is due. Runs that are held become
requests, failures become alarms, and a keeper outside of this process knows what must be undone should it die.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from enforcer.decisions import Decision
from enforcer.dry_run import DryRun
from enforcer.guard import Guard
from enforcer.interface import Limits, Network, Order, Outcome, ProcessGroup, RunHandle
from enforcer.ladder import HOLDING, Ladder
from enforcer.linux.adopt import adopt
from enforcer.linux.cgroupfs import CgroupError
from enforcer.linux.enforcer import LEASE_MARGIN_S, LinuxEnforcer
from enforcer.linux.isolation import Isolation
from enforcer.linux.keeper import Keeper, KeeperError
from enforcer.linux.signalled import Signalled
from lictor.enforcing import requests
from lictor.enforcing.alarms import Alarms
from lictor.errors import LictorError
from lictor.quarantining import quarantine, settle, vault_of
from lictor.telling.folder import RunInfo, remove_stale
from lictor.telling.stopped import Stopped
from lictor.telling.telling import Telling

if TYPE_CHECKING:
    from collectors.interface import LiveCollector
    from enforcer.holds import Hold
    from enforcer.linux.cgroup import RunCgroup
    from enforcer.selection import Asked
    from lictor.control.pausing import Paused
    from lictor.enforcing.installing import Installing
    from lictor.live import LiveRun
    from pipeline.policy.model import Policy
    from pipeline.policy.program import Program

Keep = Callable[[str, pa.RecordBatch | pa.Table], None]


class Enforcement:
    """What is done about the verdicts of one service's runs."""

    def __init__(
        self,
        collector: LiveCollector,
        runs: Mapping[str, LiveRun],
        lake: Path,
        *,
        survivors: Callable[[int], Sequence[tuple[int, int]]],
        keep_now: Keep,
        hand_over: Keep,
        report: Callable[[str], None],
        own_files: Sequence[str] = (),
        policies: Callable[[], Sequence[Policy]],
        dry_run: bool = False,
    ) -> None:
        """``keep_now`` makes rows of a lake table durable, ``hand_over`` sees to it that they outlive this process:
        enough for deeds that do not outlive the machine, and the vault keeps records of its own. ``own_files`` are policy files, never taken away; ``policies`` gives
        those in force.
        """
        self._collector = collector
        self._runs = runs
        self._survivors = survivors
        self._keep_now = keep_now
        self._report = report
        self._vault = vault_of(lake)
        self.alarms = Alarms(partial(keep_now, "findings"), report)
        files = [lake.resolve(), *(Path(file) for file in own_files), *_own_folders()]
        guard = Guard(files=files)
        self._linux = LinuxEnforcer(guard, partial(quarantine, self._vault), collector.let_go)
        context = collector.context
        self.ladder = Ladder(
            DryRun(guard) if dry_run else self._linux, self.handle, host=context.host, boot_id=context.boot_id,
            journal=lambda rows: hand_over("actions", rows), alarm=self.alarms.failed, held=self._held,
            decided=self._decided, tell=self._tell,
        )  # fmt: skip
        self._telling = Telling()
        self._policies = policies
        self._thinking = ThreadPoolExecutor(1, "lictor-changes")  # no thread before its first task
        self._thoughts: dict[str, Future[str | None]] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._signalled: dict[str, Signalled] = {}
        self._keeper: Keeper | None = None
        self._keeper_log = lake / "keeper.jsonl"

    # Beginning and end

    def open(self, keeper_log: Path) -> None:
        """Settle what a crash left in the vault, and start the keeper; before there are threads."""
        for line in settle(self._vault, partial(self._keep_now, "actions")):
            self._report(line)
        remove_stale()
        self._keeper_log = keeper_log
        self._keeper = Keeper.start(keeper_log)

    def close(self) -> None:
        """Give back what is held, and end what goes on in the background."""
        self._thinking.shutdown(cancel_futures=True)
        self._telling.close()
        self._linux.close()
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def begin(self, live: LiveRun) -> None:
        """A run has begun: the keeper must know it before anything is done to it."""
        if not live.enforce:
            return
        self._begin_telling(live)
        if live.group is not None or self._by_signals:
            self._tell_keeper(lambda keeper: self._add(keeper, live))

    def prepare(self, live: LiveRun) -> None:
        """A run that was found, and that its policy may hold or that fails closed, is taken into a cgroup at once.

        The kernel may stop one of its processes, and Lictor die, at any moment; the keeper must be able to reach
        all of it from then on.
        """
        if live.enforce and live.program is not None and (live.fail == "closed" or _may_hold(live.program)):
            try:
                self._gather(live)
            except CgroupError:
                if not self._by_signals:
                    raise

    def end(self, live: LiveRun) -> None:
        """The run has ended: nobody waits for a decision about it any more."""
        left = self.ladder.forget(live.id)
        if left:
            rows = [requests.gone(self._rows.pop(hold.id)) for hold in left]
            live.answers.update(row["state"] for row in rows)
            self._keep_now("requests", requests.table(rows))
        self._telling.end(live.id)
        if self._collector.isolated(live.number):
            self._collector.join(live.number)  # its number is used no more, its place in the map is
        if live.network is not None:
            live.network.close()
            live.network = None
        if live.adopted is not None:  # before the keeper forgets it: the group is frozen while it is emptied
            live.adopted.give_back()
        if live.group is not None or self._by_signals:
            self._tell_keeper(lambda keeper: keeper.drop(live.id))
        self._signalled.pop(live.id, None)
        live.adopted = None

    def tick(self) -> pa.RecordBatch | None:
        """Proofs, limits, and what is owed to terminals and to people: rows of ``actions``."""
        self._telling.tick()
        self._take_changes()
        return self.ladder.tick()

    # What the ladder asks of the machine

    def handle(self, run: str) -> RunHandle | None:
        """How a run can be reached; ``None`` for one that is not ours."""
        live = self._runs.get(run)
        if live is None:
            return None
        return RunHandle(
            run,
            enforce=live.enforce,
            group=live.group,
            survivors=lambda: self._survivors(live.number),
            programs=lambda: self._collector.programs(live.number),
            recording=live.program.recording if live.program else frozenset(),
            gather=lambda: self._gather(live),
            signals=self._signals(live) if self._by_signals else None,
            network=(lambda: self._network(live)) if self._collector.kernel is not None else None,
            limits=_limits(live),
            lease=lambda seconds: self._lease(live, seconds),
        )

    @property
    def _by_signals(self) -> bool:
        """Whether a run without a cgroup is stopped by signals: where a source sees from beside, Lictor may be anybody's.

        Not under the sensor, which is root's: whoever cannot be frozen there is acted on in a harder way.
        """
        return self._collector.kernel is None

    def _signals(self, live: LiveRun) -> Signalled:
        return self._signalled.setdefault(live.id, Signalled(partial(self._survivors, live.number)))

    def _gather(self, live: LiveRun) -> ProcessGroup:
        """The group of a run, made for one that was found: its tree is moved in until none is left outside."""
        if live.group is None:
            survivors = partial(self._survivors, live.number)
            # The keeper knows the group before anybody is in it: a death of ours may leave it frozen half-way.
            live.adopted = adopt(
                live.id, live.root_pid, live.root_key, survivors, fail=live.fail,
                made=lambda group: self._tell_keeper(lambda keeper: self._add(keeper, live, group)),
            )  # fmt: skip
        if live.group is None:
            raise AssertionError("a run that was gathered has a group")
        return live.group

    def _network(self, live: LiveRun) -> Network:
        if live.network is None:
            number = live.number

            def mark(on: bool) -> None:
                (self._collector.isolate if on else self._collector.join)(number)

            self._gather(live)
            if live.group is None:
                raise AssertionError("a run that was gathered has a group")
            live.network = Isolation(
                live.group,
                lambda: [pid for pid, _ in self._survivors(number)],
                mark,
                lambda: self._collector.isolated(number),
                lambda pid: self._collector.tag(pid, number),
            )
        return live.network

    # The keeper

    def _add(self, keeper: Keeper, live: LiveRun, group: RunCgroup | None = None) -> None:
        others = self._survivors(live.number)
        group = group or live.group
        keeper.add(live.id, None if group is None else group.directory, live.root_pid, live.root_key, live.fail, others)

    def _lease(self, live: LiveRun, seconds: float | None) -> None:
        then = _then(live)
        if seconds is None:
            self._tell_keeper(lambda keeper: keeper.clear(live.id))
        else:
            if live.group is None:  # those that were found since it began
                self._tell_keeper(lambda keeper: self._add(keeper, live))
            self._tell_keeper(lambda keeper: keeper.lease(live.id, seconds, then))

    def _tell_keeper(self, what: Callable[[Keeper], None]) -> None:
        """Tell the keeper; one that has died is replaced, and told of all runs and of those that are frozen."""
        if self._keeper is None:
            return
        try:
            what(self._keeper)
        except KeeperError as error:
            title = f"the keeper ended ({error}); another was started"
            self.alarms.raise_("keeper-lost", title, "high")
            self._report(title)
            self._keeper = self._replacement()
            if self._keeper is not None:
                what(self._keeper)

    def _replacement(self) -> Keeper | None:
        """A new keeper that knows what the old one knew; ``None``, and an alarm, where none can be started."""
        try:
            keeper = Keeper.start(self._keeper_log)
            for live in self._runs.values():
                if live.group is not None or (live.enforce and self._by_signals):
                    self._add(keeper, live)
            for hold in self.ladder.holds:
                keeper.lease(hold.run, hold.seconds + LEASE_MARGIN_S, _then(self._runs[hold.run]))
        except KeeperError as error:
            title = f"no keeper can be had ({error}): held runs stay held should Lictor die"
            self.alarms.raise_("no-keeper", title, "critical")
            self._report(title)
            return None
        return keeper

    # People

    def decide(self, hold: Hold, decision: Decision) -> Outcome:
        """Carry out a person's decision; its rows are durable when this returns."""
        outcome = self.ladder.decide(hold, decision)
        self._flush()
        return outcome

    def order(self, order: Order) -> Outcome:
        """Carry out a person's order on a run; its rows are durable when this returns."""
        outcome = self.ladder.order(order)
        self._flush()
        return outcome

    def request(self, hold: Hold) -> dict[str, Any]:
        """The row of an open question."""
        return self._rows[hold.id]

    def follow(self, switch: Paused | None, installing: Installing) -> None:
        """Follow the big red switch; nothing where it stands as before."""
        if self.ladder.paused == (switch is not None):
            return
        installing.enforce_inline(on=switch is None)
        if switch is None:
            self.ladder.paused = False
            self.alarms.raise_("resumed", "enforcement goes on", "informational")
            self._report("enforcement goes on")
        else:
            self._pause(Decision("release", switch.who, switch.why, login=switch.login))

    def _pause(self, decision: Decision) -> None:
        """Nothing is enforced from here on, what is held goes on, everything is recorded."""
        self.ladder.paused = True
        for hold in self.ladder.holds:
            self.ladder.decide(hold, decision)
        for live in self._runs.values():
            if self.ladder.is_cut(live.id):
                self.ladder.order(Order("join", live.id, live.root_key, live.root_pid, actor=decision.actor))
        title = f"enforcement was paused by {decision.actor}: {decision.why}"
        self.alarms.raise_("paused", title, "critical")
        self._report(title)
        self._flush()

    def _flush(self) -> None:
        rows = self.ladder.tick()
        if rows is not None:
            self._keep_now("actions", rows)

    def _held(self, hold: Hold) -> None:
        live = self._runs[hold.run]
        row = self._rows[hold.id] = requests.waiting(hold, live)
        live.held += 1
        self._keep_now("requests", requests.table([row]))
        if live.context is not None and hold.operation is not None:
            think = partial(requests.smallest, dict(row), tuple(self._policies()), live.context)
            self._thoughts[hold.id] = self._thinking.submit(think)
        what = f"{hold.operation or hold.order.action} {hold.order.object or ''}".strip()
        self._report(f"held: run {live.id} is frozen: {what} (rule {hold.order.rule}, pid {hold.order.pid})")
        begin = hold.id[:8]
        self._report(
            f"  decide: lictor release {begin} | lictor deny {begin} | lictor kill {live.id}; else {hold.then} in {hold.seconds:g} s"
        )

    def _take_changes(self) -> None:
        """Add to the questions that are still open what would have to change in the policy."""
        for name in [name for name, thought in self._thoughts.items() if thought.done()]:
            thought, row = self._thoughts.pop(name), self._rows.get(name)
            if row is not None and thought.exception() is None:
                row["change"] = thought.result()
                self._keep_now("requests", requests.table([row]))

    def _decided(self, hold: Hold, decision: Decision, outcome: Outcome) -> None:
        row = self._rows.pop(hold.id, None)
        if row is not None:
            row = requests.decided(row, decision)
            self._runs[hold.run].answers[row["state"]] += 1
            self._keep_now("requests", requests.table([row]))
        why = f": {decision.why}" if decision.why else ""
        by = f" for {decision.account}" if decision.account else ""
        self._report(
            f"{decision.then} by {decision.actor}{by}{why} (run {hold.run}, {outcome.enforcement}: {outcome.evidence})"
        )

    def _tell(self, asked: Asked, action: str) -> Outcome:
        """Let the agent know what was stopped and why."""
        live = self._runs.get(asked.run or "")
        if live is None:
            return Outcome("failed", "the run has ended: nobody is left to be told")
        rule = live.rule(asked.rule)
        row = Stopped(
            live.id, asked.pid, asked.process_key, asked.operation or "", asked.object, asked.rule, action,
            because=rule.because if rule else None, instead=rule.instead if rule else None,
            exe=asked.exe, parent_key=asked.parent_key, root_pid=live.root_pid, root_key=live.root_key,
        )  # fmt: skip
        return self._telling.tell(live.id, [row])[0]

    def _begin_telling(self, live: LiveRun) -> None:
        policies = live.program.name.split("+") if live.program else []
        try:
            self._telling.begin(RunInfo(live.id, live.agent, live.root_pid, live.root_key, live.started, policies))
        except LictorError as error:
            self._report(f"the agent is not told what is stopped: {error}")


def _then(live: LiveRun) -> Literal["kill", "release"]:
    """What the keeper does with a run whose lease is up."""
    return "kill" if live.fail == "closed" else "release"


def _limits(live: LiveRun) -> Limits:
    if live.program is None:
        return Limits()
    holds = live.program.holds
    return Limits(holds.limit_s, holds.ask, holds.freeze)


def _may_hold(program: Program) -> bool:
    actions = [rule.action for rule in program.all_rules if rule.enforce and not rule.inert]
    return not set(HOLDING).isdisjoint([*actions, *program.defaults.values()])


def _own_folders() -> list[Path]:
    """Lictor's code and its Python."""
    top = Path(__file__).resolve().parents[2]
    code = [top / name for name in ("collectors", "enforcer", "lictor", "pipeline", "queries")]
    return [*code, Path(sys.prefix).resolve(), Path(sys.executable).resolve()]
