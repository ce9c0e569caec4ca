"""From a judged batch to deeds with proof: acts, reads back, and climbs a rung when that fails.

The ladder says which demand gets which deed, once per life of a process, and keeps the questions that
wait for a person. The deeds are in ``rungs``, their rows in ``books``; the enforcer does what depends on
the operating system, and clocks are handed in, so that every path can be tested without rights.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from enforcer.books import PROOF_SECONDS, SETTLE_SECONDS, Books, Deed
from enforcer.decisions import LIMIT, Decided, Decision, Decisions
from enforcer.holds import Hold, Holds
from enforcer.interface import Enforcer, Order, Outcome, RunHandle
from enforcer.proof import ActionLog
from enforcer.rungs import REMEMBERED, Rungs
from enforcer.selection import MANY, Answer, Asked, answered, select

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["PROOF_SECONDS", "SETTLE_SECONDS", "Ladder"]

PERSON_SECONDS = 0.5
"""How long a person's order may wait for its proof: somebody sits there and waits for the answer."""

_OBJECTS = 32  # actions of one process that get rows of their own; a port scan has 65,535

_WARNINGS = 64  # of one rule in one run; an agent that was told so often will not learn it from the next

HOLDING = ("ask", "freeze")
ISOLATED = "isolated"
"""Rule of rows that the sensor refused because their run has no network any more."""


Tell = Callable[[Asked, str], Outcome]
"""Takes a demand and what was done about it."""

_NOTHING = Answer(None, None, None)


@dataclass
class _Life:
    """What was done to one process of one run."""

    deeds: dict[tuple[object, ...], Deed] = field(default_factory=dict)


def _key(asked: Asked) -> tuple[object, ...]:
    """What makes a demand a new one within the life of a process."""
    return (asked.rule, asked.verdict, asked.enforced_at, asked.refused, asked.object)


class Ladder:
    """Acts on judged batches and proves it; not thread-safe, made for one pipeline.

    ``lookup`` gives the handle of a run, ``None`` when the run is unknown (then nothing is
    done to it); a run must stay known until its last rows have passed. ``clock`` gives ns since
    1970 for the rows, ``monotonic`` seconds for deadlines. ``journal``, where given, gets every
    row so far right before a deed, so that the caller can make the intent durable first;
    rows that went there are not returned again. ``alarm`` is told of each action that failed, ``held`` of each
    question that a person must answer, ``decided`` of each answer. ``tell`` lets the agent know what was
    stopped and why, and gives the proof of it.
    """

    def __init__(
        self,
        enforcer: Enforcer,
        lookup: Callable[[str], RunHandle | None],
        clock: Callable[[], int] = time.time_ns,
        *,
        host: str,
        boot_id: str,
        monotonic: Callable[[], float] = time.monotonic,
        journal: Callable[[pa.RecordBatch], None] | None = None,
        alarm: Callable[[Order, Outcome], None] | None = None,
        held: Callable[[Hold], None] | None = None,
        decided: Decided | None = None,
        tell: Tell | None = None,
    ) -> None:
        self._tell = tell
        self._lookup = lookup
        self._monotonic = monotonic
        self._held = held
        self._books = Books(ActionLog(clock, host, boot_id), monotonic, journal=journal, alarm=alarm)
        self.holds = Holds()
        self._rungs = Rungs(enforcer, self._books, self.holds, partial(self._ask, None))
        self._decisions = Decisions(enforcer, self._books, self._rungs, self.holds, lookup, decided)
        self._lives: OrderedDict[tuple[str, int], _Life] = OrderedDict()
        self._crowded: set[int] = set()
        self._warnings: OrderedDict[tuple[str, str | None], int] = OrderedDict()

    @property
    def paused(self) -> bool:
        """While true nothing is done; what the kernel did before is still proven, and what it stopped goes on."""
        return self._rungs.paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._rungs.paused = paused

    def act(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
        """Do what the judged ``activity`` batch asks for.

        Returns the batch with ``action``, ``enforced_at`` and ``enforcement`` set in the rows that
        were acted on, and the rows of ``actions`` (memory types), ``None`` when there are none.
        Waits at most about ``SETTLE_SECONDS`` for proofs; later ones come from ``tick``.
        """
        self._books.exits.add(batch)
        selection = select(batch, self._crowded)
        old = self._books.pending
        deeds = [self._deed(asked) for asked in selection.asked]
        self._books.check(old)
        if any(deeds):
            pairs = zip(deeds, selection.asked, strict=True)
            answers = [_NOTHING if deed is None else _answer(deed, asked) for deed, asked in pairs]
            batch = answered(batch, selection, answers)
        return batch, self._books.take()

    def tick(self) -> pa.RecordBatch | None:
        """Look at pending proofs and at time limits: rows of ``actions``, ``None`` when there are none."""
        self._books.check(self._books.pending)
        for hold in self.holds.due(self._monotonic()):
            why = f"nobody decided within {hold.seconds:g} s"
            self._decisions.decide(hold, Decision(hold.then, LIMIT, why))
        return self._books.take()

    @property
    def pending(self) -> int:
        """Number of actions whose result row is still owed."""
        return self._books.pending

    # What people order

    def decide(self, hold: Hold, decision: Decision) -> Outcome:
        """Answer a question; its rows come with the next ``tick``."""
        return self._decisions.decide(hold, decision)

    def order(self, order: Order) -> Outcome:
        """Carry out a person's order on a run: freeze, isolate, join, release (thaw) or kill.

        A run that a person froze is held like any other. Its rows come with the next ``tick``.
        """
        if order.action == "release" and self.holds.of_run(order.run):
            return Outcome("failed", "the run waits for answers: it goes on with the last of them")
        handle = self._lookup(order.run)
        deeds: dict[str, Callable[[], Deed]] = {
            "freeze": lambda: self._hold(order, handle, None),
            "isolate": lambda: self._rungs.isolate(order, handle),
            "join": lambda: self._rungs.join(order, handle),
            "release": lambda: self._rungs.thaw(order, handle),
            "kill": lambda: self._rungs.kill_run(order, handle),
        }
        deed = deeds[order.action]()
        until = self._monotonic() + PERSON_SECONDS
        while deed.outcome is None and self._monotonic() < until:
            self._books.check(0)
        return deed.outcome or Outcome("unverified", deed.note)

    def is_cut(self, run: str) -> bool:
        """Whether the run's network was cut here, be it in part."""
        return self._rungs.is_cut(run)

    def forget(self, run: str) -> list[Hold]:
        """The run has ended: its questions are closed, and returned."""
        left = self.holds.of_run(run)
        for hold in left:
            self.holds.close(hold)
        return left

    # Choosing what to do

    def _deed(self, asked: Asked) -> Deed | None:
        """The deed that answers a demand, done now unless it was before; ``None`` where nothing is to be done."""
        handle = self._lookup(asked.run) if asked.run else None
        records = handle is not None and (not handle.enforce or (asked.policy, asked.rule) in handle.recording)
        if records or self.paused:
            # The kernel may have stopped a process right before it was told to stop none.
            return self._rungs.go_on(_order(asked), handle) if _is_stopped(asked) else None
        if asked.verdict in HOLDING and not _is_nobody(asked):
            return self._question(asked, handle)
        life = self._life(asked.run or "", asked.process_key or 0)
        if _key(asked) not in life.deeds and len(life.deeds) >= _OBJECTS:
            # One last row of each kind stands for all further objects; the activity rows tell them apart.
            asked = replace(asked, object=MANY, file=None)
        key = _key(asked)
        if key not in life.deeds:
            life.deeds[key] = self._do(asked, handle)
            self._warn(asked, handle, life.deeds[key].order.action)
            if len(life.deeds) >= _OBJECTS:
                self._crowded.add(asked.process_key or 0)
        return life.deeds[key]

    def _life(self, run: str, process_key: int) -> _Life:
        life = self._lives.setdefault((run, process_key), _Life())
        self._lives.move_to_end((run, process_key))
        if len(self._lives) > REMEMBERED:
            (_, forgotten), _ = self._lives.popitem(last=False)
            self._crowded.discard(forgotten)
        return life

    def _do(self, asked: Asked, handle: RunHandle | None) -> Deed:
        order = _order(asked)
        if _is_nobody(asked) or asked.verdict == "kill":
            return (self._rungs.record_unseen if _is_nobody(asked) else self._rungs.kill_run)(order, handle)
        if asked.verdict == "isolate" and asked.network and not asked.in_kernel:
            return self._rungs.isolate(order, handle)  # the connection is there: cutting it is its denial
        if asked.rule == ISOLATED:
            return self._rungs.prove_inline(order, handle, asked)  # refused since it is cut: nothing more is asked for
        denied = self._deny(order, handle, asked)
        if asked.verdict == "quarantine":
            return self._rungs.quarantine(replace(order, object=asked.file), handle)
        if asked.verdict == "isolate":
            return self._rungs.isolate(order, handle)
        return denied

    def _deny(self, order: Order, handle: RunHandle | None, asked: Asked) -> Deed:
        if not asked.in_kernel:
            return self._rungs.kill_process(order, handle)
        if _is_stopped(asked):  # the sensor knew of a question only, the judge of a denial
            refused = asked.network and asked.refused
            return self._rungs.go_on(order, handle) if refused else self._rungs.kill_process(order, handle)
        return self._rungs.prove_inline(order, handle, asked)

    def _warn(self, asked: Asked, handle: RunHandle | None, action: str) -> None:
        """Let the agent know, so that it does not try the same by another way; after the deed, never before it."""
        kind = asked.run or "", asked.rule
        if self._tell is None or handle is None or self._warnings.get(kind, 0) >= _WARNINGS:
            return
        self._warnings[kind] = self._warnings.get(kind, 0) + 1
        self._warnings.move_to_end(kind)
        if len(self._warnings) > REMEMBERED:
            self._warnings.popitem(last=False)
        deed = self._books.begin("warn", replace(_order(asked), action="warn", enforced_at="userspace"), handle)
        self._books.close(deed, self._tell(asked, action))

    # Questions

    def _question(self, asked: Asked, handle: RunHandle | None) -> Deed:
        """The deed behind a question: that of the open one of the same process and rule, or a new one."""
        order = replace(_order(asked), action=asked.verdict or "ask")
        life = self._life(order.run, order.process_key)
        stopped = _is_stopped(asked)
        key = ("question", order.rule, stopped)
        before = life.deeds.get(key)
        if before is not None and (
            before.outcome is None
            or self.holds.same((order.run, order.process_key, order.rule), stopped=stopped)
            or (not stopped and self._books.came_to_nothing(before))
        ):
            return before
        deed = life.deeds[key] = self._hold(order, handle, asked)
        self._warn(asked, handle, deed.order.action)
        return deed

    def _hold(self, order: Order, handle: RunHandle | None, asked: Asked | None) -> Deed:
        held = asked is not None and _is_stopped(asked)
        return self._rungs.freeze(order, handle, partial(self._ask, asked), held=held)

    def _ask(self, asked: Asked | None, deed: Deed) -> None:
        """Open the question behind a run that stands still; ``asked`` is ``None`` where no single call is in question."""
        handle = self._lookup(deed.order.run)
        if handle is None:  # it has ended meanwhile
            return
        limits, action = handle.limits, deed.order.action
        stopped = asked is not None and _is_stopped(asked)
        refused = asked is not None and (asked.refused or asked.errno is None)
        hold = Hold(
            deed.id, deed.order, self._monotonic() + limits.seconds, limits.seconds, limits.then(action),
            operation=asked.operation if asked is not None else None,
            stopped=stopped,
            done=asked is not None and (not asked.in_kernel or (asked.network and not refused)),
        )  # fmt: skip
        self.holds.add(hold)
        if self.paused and deed.order.actor == "policy":
            self._decisions.decide(hold, Decision("release", LIMIT, "enforcement is paused"))
        if self._held is not None and self.holds.is_open(hold):
            self._held(hold)


def _is_nobody(asked: Asked) -> bool:
    """Whether a source saw the act alone: a person may have done it, so neither a process nor the run answers for it."""
    return asked.process_key is None and not asked.in_kernel


def _is_stopped(asked: Asked) -> bool:
    """Whether the kernel stopped the process before its call returned."""
    return asked.in_kernel and (asked.verdict in HOLDING or asked.action in HOLDING)


def _order(asked: Asked) -> Order:
    return Order(
        action="deny" if asked.verdict != "kill" and asked.in_kernel else "kill",
        run=asked.run or "",
        process_key=asked.process_key or 0,
        pid=asked.pid or 0,
        object=asked.object,
        rule=asked.rule,
        policy=asked.policy,
        enforced_at=asked.enforced_at if asked.in_kernel else "userspace",
        inode=asked.inode,
        uid=asked.uid,
    )


def _answer(deed: Deed, asked: Asked) -> Answer:
    """What the row says; where the kernel stopped the act, that stands also when more was done."""
    enforcement = "unverified" if deed.outcome is None else deed.outcome.enforcement
    return Answer(deed.order.action, None if asked.in_kernel else deed.order.enforced_at, enforcement)
