"""The ladder in its place: what it needs of the machine, the lake and people, wired together.

The service hands in judged batches and asks now and then what is due. Runs that are held become
requests, failures become alarms, and a keeper outside of this process knows what must be undone should it die.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from enforcer.decisions import Decision
from enforcer.interface import Limits, Order, Outcome, RunHandle
from enforcer.ladder import HOLDING, Ladder
from lictor.enforcing import requests
from lictor.enforcing.alarms import Alarms
from lictor.enforcing.machine import Parts
from lictor.errors import LictorError
from lictor.telling.stopped import Stopped

if sys.platform == "win32":
    from lictor.enforcing.on_windows import WindowsMachine as TheMachine
else:
    from lictor.enforcing.on_linux import LinuxMachine as TheMachine
    from lictor.telling.folder import RunInfo
    from lictor.telling.telling import Telling

if TYPE_CHECKING:
    from collectors.interface import LiveCollector
    from enforcer.holds import Hold
    from enforcer.selection import Asked
    from lictor.control.pausing import Paused
    from lictor.enforcing.installing import Installing
    from lictor.live import LiveRun
    from pipeline.policy.model import Policy
    from pipeline.policy.program import Program

LOOK_S = 1.0
"""How often it is seen to that the keeper is there."""

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
        self.alarms = Alarms(partial(keep_now, "findings"), report)
        files = [lake.resolve(), *(Path(file) for file in own_files), *_own_folders()]
        self.machine = TheMachine(
            Parts(
                collector, runs, lake, files, survivors, lambda: self.ladder.holds, self.alarms, report,
                partial(keep_now, "actions"),
            )
        )  # fmt: skip
        context = collector.context
        self.ladder = Ladder(
            self.machine.dry() if dry_run else self.machine.enforcer, self.handle, host=context.host, boot_id=context.boot_id,
            journal=lambda rows: hand_over("actions", rows), alarm=self.alarms.failed, held=self._held,
            decided=self._decided, tell=None if sys.platform == "win32" else self._tell,
        )  # fmt: skip
        self._telling = _telling()
        self._policies = policies
        self._thinking = ThreadPoolExecutor(1, "lictor-changes")  # no thread before its first task
        self._thoughts: dict[str, Future[str | None]] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._next_look = 0.0

    # Beginning and end

    def open(self, keeper_log: Path) -> None:
        """Settle what a crash left, and begin to look after runs; before there are threads."""
        self.machine.open(keeper_log)

    def close(self) -> None:
        """Give back what is held, and end what goes on in the background."""
        self._thinking.shutdown(cancel_futures=True)
        if self._telling is not None:
            self._telling.close()
        self.machine.close()

    def begin(self, live: LiveRun) -> None:
        """A run has begun; nothing was done to it yet."""
        if live.enforce:
            self._begin_telling(live)
            self.machine.begin(live)

    def prepare(self, live: LiveRun) -> None:
        """A run that was found, and that its policy may hold or that fails closed, is taken into a group at once."""
        if live.enforce and live.program is not None and (live.fail == "closed" or _may_hold(live.program)):
            self.machine.prepare(live)

    def end(self, live: LiveRun) -> None:
        """The run has ended: nobody waits for a decision about it any more."""
        left = self.ladder.forget(live.id)
        if left:
            rows = [requests.gone(self._rows.pop(hold.id)) for hold in left]
            live.answers.update(row["state"] for row in rows)
            self._keep_now("requests", requests.table(rows))
        if self._telling is not None:
            self._telling.end(live.id)
        self.machine.end(live)

    def tick(self) -> pa.RecordBatch | None:
        """Proofs, limits, and what is owed to terminals and to people: rows of ``actions``."""
        if self._telling is not None:
            self._telling.tick()
        self._take_changes()
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_S
            self.machine.tick()
        return self.ladder.tick()

    # What the ladder asks of the machine

    def handle(self, run: str) -> RunHandle | None:
        """How a run can be reached; ``None`` for one that is not ours."""
        live = self._runs.get(run)
        if live is None:
            return None
        reach = self.machine.reach(live)
        return RunHandle(
            run,
            enforce=live.enforce,
            group=live.group,
            survivors=lambda: self._survivors(live.number),
            programs=lambda: self._collector.programs(live.number),
            recording=live.program.recording if live.program else frozenset(),
            gather=reach.gather,
            signals=reach.signals,
            network=reach.network,
            limits=_limits(live),
            lease=lambda seconds: self.machine.lease(live, seconds),
        )

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
        if live is None or self._telling is None:
            return Outcome("failed", "the run has ended: nobody is left to be told")
        rule = live.rule(asked.rule)
        row = Stopped(
            live.id, asked.pid, asked.process_key, asked.operation or "", asked.object, asked.rule, action,
            because=rule.because if rule else None, instead=rule.instead if rule else None,
            exe=asked.exe, parent_key=asked.parent_key, root_pid=live.root_pid, root_key=live.root_key,
        )  # fmt: skip
        return self._telling.tell(live.id, [row])[0]

    def _begin_telling(self, live: LiveRun) -> None:
        if sys.platform == "win32" or self._telling is None:
            return
        policies = live.program.name.split("+") if live.program else []
        try:
            self._telling.begin(RunInfo(live.id, live.agent, live.root_pid, live.root_key, live.started, policies))
        except LictorError as error:
            self._report(f"the agent is not told what is stopped: {error}")


def _telling() -> Telling | None:
    """Who lets agents know; nobody on Windows, where no hook could read it yet."""
    return None if sys.platform == "win32" else Telling()


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
