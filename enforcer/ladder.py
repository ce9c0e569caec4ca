"""From a judged batch to deeds with proof: acts, reads back, and climbs a rung when that fails.

Rungs, weakest first: what the kernel did inline → the process → the whole run. The ladder
decides and keeps the books; the enforcer does what depends on the operating system, and
clocks are handed in, so that every path here can be tested without rights.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from enforcer.interface import Enforcer, GuardRefusal, Order, Outcome, RunHandle
from enforcer.proof import ActionLog, Exits, refusal
from enforcer.selection import MANY, Answer, Asked, answered, select

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

PROOF_SECONDS = 2.0
"""How long a proof may take before the action counts as failed."""

SETTLE_SECONDS = 0.02
"""How long one batch may wait for its proofs: most processes are gone within a millisecond, and events queue up."""

_LIVES = 2048  # processes whose actions are remembered; the least recently seen is forgotten first
_OBJECTS = 32  # actions of one process that get rows of their own; a port scan has 65,535
_CHECKS = 256  # pending proofs looked at in one tick, about 30 µs each

_NOTHING = Answer(None, None, None)


@dataclass
class _Deed:
    """One action on its way: ``outcome`` is ``None`` until it is proven or given up."""

    id: str
    rung: str  # kernel, process, run
    order: Order
    handle: RunHandle | None
    deadline: float = 0.0
    note: str = ""
    outcome: Outcome | None = None

    def answer(self, asked: Asked) -> Answer:
        """What the row says; where the kernel stopped the act, that stands also when more was done."""
        enforcement = "unverified" if self.outcome is None else self.outcome.enforcement
        return Answer(self.order.action, None if asked.in_kernel else self.order.enforced_at, enforcement)


@dataclass
class _Life:
    """What was done to one process of one run."""

    deeds: dict[tuple[object, ...], _Deed] = field(default_factory=dict)
    kills: list[_Deed] = field(default_factory=list)


def _key(asked: Asked) -> tuple[object, ...]:
    """What makes a demand a new one within the life of a process."""
    return (asked.rule, asked.verdict, asked.enforced_at, asked.refused, asked.object)


class Ladder:
    """Acts on judged batches and proves it; not thread-safe, made for one pipeline.

    ``lookup`` gives the handle of a run, ``None`` when the run is unknown (then nothing is
    done to it); a run must stay known until its last rows have passed. ``clock`` gives ns since
    1970 for the rows, ``monotonic`` seconds for deadlines. ``journal``, where given, gets every
    row so far right before a deed, so that the caller can make the intent durable first;
    rows that went there are not returned again.
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
    ) -> None:
        self._enforcer = enforcer
        self._lookup = lookup
        self._monotonic = monotonic
        self._journal = journal
        self._log = ActionLog(clock, host, boot_id)
        self._exits = Exits()
        self._lives: OrderedDict[tuple[str, int], _Life] = OrderedDict()
        self._crowded: set[int] = set()
        self._run_kills: OrderedDict[str, _Deed] = OrderedDict()
        self._pending: deque[_Deed] = deque()

    def act(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
        """Do what the judged ``activity`` batch asks for.

        Returns the batch with ``action``, ``enforced_at`` and ``enforcement`` set in the rows that
        were acted on, and the rows of ``actions`` (memory types), ``None`` when there are none.
        Waits at most about ``SETTLE_SECONDS`` for proofs; later ones come from ``tick``.
        """
        self._exits.add(batch)
        selection = select(batch, self._crowded)
        old = len(self._pending)
        deeds = [self._deed(asked) for asked in selection.asked]
        self._check(old)
        if any(deeds):
            pairs = zip(deeds, selection.asked, strict=True)
            answers = [_NOTHING if deed is None else deed.answer(asked) for deed, asked in pairs]
            batch = answered(batch, selection, answers)
        return batch, self._log.take()

    def tick(self) -> pa.RecordBatch | None:
        """Look at pending proofs: rows of ``actions`` that became known or due, ``None`` when there are none."""
        self._check(len(self._pending))
        return self._log.take()

    @property
    def pending(self) -> int:
        """Number of actions whose result row is still owed."""
        return len(self._pending)

    # Choosing what to do

    def _deed(self, asked: Asked) -> _Deed | None:
        """The deed that answers a demand, done now unless it was before; ``None`` in audit mode."""
        handle = self._lookup(asked.run) if asked.run else None
        if handle is not None and (not handle.enforce or (asked.policy, asked.rule) in handle.recording):
            return None
        life = self._life(asked.run or "", asked.process_key or 0)
        if _key(asked) not in life.deeds and len(life.deeds) >= _OBJECTS:
            # One last row of each kind stands for all further objects; the activity rows tell them apart.
            asked = replace(asked, object=MANY)
        key = _key(asked)
        if key not in life.deeds:
            life.deeds[key] = self._do(asked, handle, life)
            if len(life.deeds) == _OBJECTS:
                self._crowded.add(asked.process_key or 0)
        return life.deeds[key]

    def _life(self, run: str, process_key: int) -> _Life:
        life = self._lives.setdefault((run, process_key), _Life())
        self._lives.move_to_end((run, process_key))
        if len(self._lives) > _LIVES:
            (_, forgotten), _ = self._lives.popitem(last=False)
            self._crowded.discard(forgotten)
        return life

    def _do(self, asked: Asked, handle: RunHandle | None, life: _Life) -> _Deed:
        order = Order(
            action="deny" if asked.verdict != "kill" and asked.in_kernel else "kill",
            run=asked.run or "",
            process_key=asked.process_key or 0,
            pid=asked.pid or 0,
            object=asked.object,
            rule=asked.rule,
            policy=asked.policy,
            enforced_at=asked.enforced_at if asked.in_kernel else "userspace",
        )
        if asked.verdict == "kill":
            return self._kill_run(order, handle, life)
        if asked.in_kernel:
            return self._prove(order, handle, asked, life)
        if asked.verdict == "deny":
            return self._kill_process(order, handle, life)
        deed = self._begin("process", replace(order, action=asked.verdict or "deny", enforced_at="none"), handle)
        self._close(deed, Outcome("failed", f"this system has no means for the verdict {asked.verdict}"))
        return deed

    # Rungs

    def _prove(self, order: Order, handle: RunHandle | None, asked: Asked, life: _Life) -> _Deed:
        """The kernel has acted already; find out whether it took effect."""
        deed = self._begin("kernel", order, handle)
        if asked.network or asked.refused:
            self._end(deed, refusal(asked.errno))
        elif asked.pid is None or asked.process_key is None:
            self._end(deed, Outcome("unverified", "the row names no process that could be looked at"))
        else:
            life.kills.append(deed)
            self._await(deed, "SIGKILL sent by the kernel before the call returned")
        return deed

    def _kill_process(self, order: Order, handle: RunHandle | None, life: _Life) -> _Deed:
        deed = self._begin("process", order, handle)
        self._attempt(deed, life, lambda _: self._enforcer.kill_process(order, 0))
        if deed.outcome is None or deed.outcome.confirmed:
            life.kills.append(deed)
        return deed

    def _kill_run(self, order: Order, handle: RunHandle | None, life: _Life) -> _Deed:
        order = replace(order, action="kill", enforced_at="userspace")
        before = self._run_kills.get(order.run)
        # Rows of a run that was killed keep coming for a moment; only a living process asks for another kill.
        if before is not None and (before.outcome is None or self._enforcer.wait_gone(order, 0)):
            return before
        deed = self._run_kills[order.run] = self._begin("run", order, handle)
        if len(self._run_kills) > _LIVES:
            self._run_kills.popitem(last=False)
        self._attempt(deed, life, lambda known: self._enforcer.kill_run(order, known, 0))
        return deed

    def _attempt(self, deed: _Deed, life: _Life, do: Callable[[RunHandle], Outcome]) -> None:
        if deed.handle is None:
            self._close(deed, Outcome("failed", f"no run {deed.order.run!r} is known here; not touched"))
            return
        if self._journal is not None and (rows := self._log.take()) is not None:
            self._journal(rows)
        try:
            outcome = do(deed.handle)
        except GuardRefusal as refused:
            outcome = Outcome("failed", str(refused))
            self._close(deed, self._ended_before(deed, life) or outcome)
            return
        if outcome.enforcement == "unverified":
            self._await(deed, outcome.evidence)
        else:
            before = None if outcome.confirmed else self._ended_before(deed, life)
            self._end(deed, before or outcome)

    def _ended_before(self, deed: _Deed, life: _Life) -> Outcome | None:
        """The proof that an earlier action had ended the process, so that this one came to nothing."""
        if deed.rung != "process" or self._enforcer.wait_gone(deed.order, 0) is None:
            return None
        for kill in (*life.kills, self._run_kills.get(deed.order.run)):
            if kill is not None and (kill.outcome is None or kill.outcome.confirmed):
                return Outcome("confirmed", f"the process was ended by action {kill.id}")
        seen = self._exits.find([deed.order.process_key]).get(deed.order.process_key)
        return seen if seen is not None and seen.confirmed else None

    def _climb(self, deed: _Deed) -> None:
        """The next rung, when there is one and the process is there to be acted on."""
        if deed.rung == "run" or self._enforcer.wait_gone(deed.order, 0) is not None:
            return
        order = replace(deed.order, action="kill", enforced_at="userspace")
        life = self._life(order.run, order.process_key)
        (self._kill_process if deed.rung == "kernel" else self._kill_run)(order, deed.handle, life)

    # Keeping the books

    def _begin(self, rung: str, order: Order, handle: RunHandle | None) -> _Deed:
        return _Deed(self._log.intent(order), rung, order, handle)

    def _await(self, deed: _Deed, note: str) -> None:
        deed.note = note
        deed.deadline = self._monotonic() + PROOF_SECONDS
        self._pending.append(deed)

    def _close(self, deed: _Deed, outcome: Outcome) -> None:
        deed.outcome = outcome
        evidence = f"{deed.note}; {outcome.evidence}" if deed.note else outcome.evidence
        self._log.result(deed.id, deed.order, replace(outcome, evidence=evidence))

    def _end(self, deed: _Deed, outcome: Outcome) -> None:
        self._close(deed, outcome)
        if outcome.enforcement == "failed":
            self._climb(deed)

    def _check(self, old: int) -> None:
        """Look at pending deeds, each once; the first ``old`` are not waited for, or one stuck process would stall all."""
        if not self._pending:
            return
        until = self._monotonic() + SETTLE_SECONDS
        ends = self._exits.find(deed.order.process_key for deed in self._pending if deed.rung != "run")
        for place in range(min(len(self._pending), _CHECKS)):
            deed = self._pending.popleft()
            outcome = self._proof(deed, ends, max(0.0, until - self._monotonic()) if place >= old else 0.0)
            if outcome is None and self._monotonic() < deed.deadline:
                self._pending.append(deed)
            else:
                self._end(deed, outcome or Outcome("failed", f"no proof of its end within {PROOF_SECONDS:g} s"))

    def _proof(self, deed: _Deed, ends: dict[int, Outcome], wait: float) -> Outcome | None:
        if deed.rung == "run":
            return self._run_proof(deed, wait)
        return ends.get(deed.order.process_key) or self._enforcer.wait_gone(deed.order, wait)

    def _run_proof(self, deed: _Deed, wait: float) -> Outcome | None:
        if deed.handle is None:
            raise AssertionError("a run that is unknown is never waited for")
        try:
            return self._enforcer.wait_run_gone(deed.order, deed.handle, wait)
        except GuardRefusal as refused:  # a tagged survivor turned out to be one that is never touched
            return Outcome("failed", str(refused))
