"""The books of the ladder: every deed has an intent before and a result after, and none is forgotten.

A deed whose effect does not show at once is looked at again until it is proven or its time is
up. Rows leave through ``take``; what is about to be done is made durable first by ``journal``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from enforcer.interface import GuardRefusal, Order, Outcome, RunHandle
from enforcer.proof import ActionLog, Exits

if TYPE_CHECKING:
    import pyarrow as pa

PROOF_SECONDS = 2.0
"""How long a proof may take before the action counts as failed."""

SETTLE_SECONDS = 0.02
"""How long one batch may wait for its proofs: most processes are gone within a millisecond, and events queue up."""

_CHECKS = 256  # pending proofs looked at in one tick, about 30 µs each

Ends = Mapping[int, Outcome]
"""What was seen of the ends of processes, by process key."""

Prove = Callable[[Ends, float], Outcome | None]
"""Looks for the proof of a deed, waiting up to so many seconds; ``None`` while there is none."""


@dataclass
class Deed:
    """One action on its way: ``outcome`` is ``None`` until it is proven or given up."""

    id: str
    rung: str
    order: Order
    handle: RunHandle | None
    prove: Prove | None = None
    deadline: float = 0.0
    seconds: float = PROOF_SECONDS
    note: str = ""
    outcome: Outcome | None = None
    ended: float = 0.0
    """When its outcome was known, in seconds of the monotonic clock."""
    touched: bool = False
    """Whether anything was done: not where the guard refused, or the run is unknown."""
    confirmed: Callable[[Deed], None] | None = None
    """Called once with the deed when it is seen to have taken effect."""
    failed: Callable[[Deed], None] | None = None
    """Called once with the deed when it is seen to have failed, or is given up."""


class Books:
    """Deeds and their rows; ``alarm`` is told of each deed that failed."""

    def __init__(
        self,
        log: ActionLog,
        monotonic: Callable[[], float],
        *,
        journal: Callable[[pa.RecordBatch], None] | None = None,
        alarm: Callable[[Order, Outcome], None] | None = None,
    ) -> None:
        self._log = log
        self._monotonic = monotonic
        self._journal = journal
        self._alarm = alarm
        self._pending: deque[Deed] = deque()
        self.exits = Exits()

    @property
    def pending(self) -> int:
        """Number of actions whose result row is still owed."""
        return len(self._pending)

    def take(self) -> pa.RecordBatch | None:
        """Rows since the last call that did not go to the journal."""
        return self._log.take()

    def begin(self, rung: str, order: Order, handle: RunHandle | None) -> Deed:
        """Write the intent."""
        return Deed(self._log.intent(order), rung, order, handle)

    def came_to_nothing(self, deed: Deed) -> bool:
        """Whether it took no effect a moment ago, so that it need not be tried again at once."""
        if deed.outcome is None or deed.outcome.confirmed:
            return False
        return self._monotonic() - deed.ended < PROOF_SECONDS

    def make_durable(self) -> None:
        """Hand all rows so far to the journal: what follows is done."""
        if self._journal is not None and (rows := self._log.take()) is not None:
            self._journal(rows)

    def attempt(
        self, deed: Deed, do: Callable[[RunHandle], Outcome], prove: Prove | None, seconds: float = PROOF_SECONDS
    ) -> None:
        """Carry a deed out; what is not seen at once is awaited by ``prove`` for so many seconds."""
        if deed.handle is None:
            self.close(deed, Outcome("failed", f"no run {deed.order.run!r} is known here; not touched"))
            return
        self.make_durable()
        try:
            outcome = do(deed.handle)
        except GuardRefusal as refused:
            self.close(deed, Outcome("failed", str(refused)))
            return
        deed.touched = True
        if outcome.enforcement == "unverified" and prove is not None:
            self.wait(deed, outcome.evidence, prove, seconds)
        else:
            self.end(deed, outcome)

    def wait(self, deed: Deed, note: str, prove: Prove, seconds: float = PROOF_SECONDS) -> None:
        """Look for the proof of a deed from now on; ``note`` says what was done."""
        deed.note, deed.prove, deed.seconds = note, prove, seconds
        deed.deadline = self._monotonic() + seconds
        self._pending.append(deed)

    def close(self, deed: Deed, outcome: Outcome) -> None:
        """Write the result, and tell of a failure."""
        deed.outcome, deed.ended = outcome, self._monotonic()
        evidence = f"{deed.note}; {outcome.evidence}" if deed.note else outcome.evidence
        told = replace(outcome, evidence=evidence)
        self._log.result(deed.id, deed.order, told)
        if outcome.enforcement == "failed" and self._alarm is not None:
            self._alarm(deed.order, told)

    def end(self, deed: Deed, outcome: Outcome) -> None:
        """Write the result, and do what follows from it."""
        self.close(deed, outcome)
        follow = {"confirmed": deed.confirmed, "failed": deed.failed}.get(outcome.enforcement)
        if follow is not None:
            follow(deed)

    def check(self, old: int) -> None:
        """Look at pending deeds, each once; the first ``old`` are not waited for, or one stuck process would stall all."""
        if not self._pending:
            return
        until = self._monotonic() + SETTLE_SECONDS
        ends = self.exits.find(deed.order.process_key for deed in self._pending)
        for place in range(min(len(self._pending), _CHECKS)):
            if not self._pending:  # what followed from one of them looked at the others
                return
            deed = self._pending.popleft()
            outcome = _proof(deed, ends, max(0.0, until - self._monotonic()) if place >= old else 0.0)
            if outcome is None and self._monotonic() < deed.deadline:
                self._pending.append(deed)
            else:
                self.end(deed, outcome or Outcome("failed", f"no proof of it within {deed.seconds:g} s"))


def _proof(deed: Deed, ends: Ends, wait: float) -> Outcome | None:
    if deed.prove is None:
        raise AssertionError("a deed without a way to its proof is never pending")
    try:
        return deed.prove(ends, wait)
    except GuardRefusal as refused:  # a tagged survivor turned out to be one that is never touched
        return Outcome("failed", str(refused))
