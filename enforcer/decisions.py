"""How a held run goes on, and what people order themselves: each an action with proof, under their name.

A decision is carried out before the run may move: what was denied is killed while it stands
still. The run is thawed with its last open question, never with an earlier one, and a question whose
answer came to nothing is open again: no run stands still about which nobody is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from enforcer.interface import Enforcement, Outcome

if TYPE_CHECKING:
    from enforcer.books import Books, Deed
    from enforcer.holds import Hold, Holds
    from enforcer.interface import Enforcer, Order, RunHandle, Then
    from enforcer.rungs import Rungs


_WORSE: tuple[Enforcement, ...] = ("confirmed", "unverified", "failed")

LIMIT = "lictor"
"""Who decides when nobody has decided in time."""


@dataclass(frozen=True)
class Decision:
    """What was decided, and by whom: ``actor`` is a user's name, or ``LIMIT`` where the time limit decided.

    ``login`` is the user who logged in, where that is another one (sudo); ``account`` who asked that user to (the
    dashboard runs as one user for many people).
    """

    then: Then
    actor: str
    why: str | None = None
    uid: int | None = None
    login: str | None = None
    account: str | None = None


Decided = Callable[["Hold", Decision, Outcome], None]
"""Told of each answer, after it was carried out."""


class Decisions:
    """Carries out decisions."""

    def __init__(
        self,
        enforcer: Enforcer,
        books: Books,
        rungs: Rungs,
        holds: Holds,
        lookup: Callable[[str], RunHandle | None],
        decided: Decided | None = None,
    ) -> None:
        self._enforcer = enforcer
        self._books = books
        self._rungs = rungs
        self._holds = holds
        self._lookup = lookup
        self._decided = decided

    def decide(self, hold: Hold, decision: Decision) -> Outcome:
        """Carry out one decision; what was seen afterwards."""
        if not self._holds.is_open(hold):
            return Outcome("failed", "this question was answered before, or its run has ended")
        handle = self._lookup(hold.run)
        order = replace(hold.order, actor=decision.actor, enforced_at="userspace")
        self._holds.close(hold)
        outcome = self._act(hold, decision.then, order, handle)
        if _has_failed(outcome) and self._is_there(decision.then, order, handle):
            self._ask_again(hold, decision)
            return outcome
        answered = self._close_moot(hold, decision.then)
        if decision.then != "kill":
            thawed = self._thawed(order, handle)
            outcome = _together(outcome, thawed)
            if _has_failed(thawed) and _lives(handle):
                self._ask_again(hold, decision)
                answered.remove(hold)
        for each in answered:
            if self._decided is not None:
                self._decided(each, decision, outcome)
        return outcome

    def _act(self, hold: Hold, then: Then, order: Order, handle: RunHandle | None) -> Outcome:
        if then == "kill":
            return self._outcome(self._rungs.kill_run(order, handle))
        if then == "release" or _was_refused(hold):
            if not hold.stopped:
                return Outcome("confirmed", "nothing of it was stopped by itself")
            return self._outcome(self._rungs.go_on(order, handle))  # where its call was refused, that is the denial
        return self._outcome(self._rungs.kill_process(order, handle))

    def _is_there(self, then: Then, order: Order, handle: RunHandle | None) -> bool:
        """Whether what was to end is still there; a run that is to go on is thawed whatever came of the rest."""
        if then == "kill":
            return _lives(handle)
        return then == "deny" and self._enforcer.wait_gone(order, 0) is None

    def _close_moot(self, hold: Hold, then: Then) -> list[Hold]:
        """The question, and those that are answered with it: of a run that was ended, of a process that was."""
        ended = then == "deny" and not _was_refused(hold)
        moot = [
            other
            for other in self._holds.of_run(hold.run)
            if then == "kill" or (ended and other.operation and other.order.process_key == hold.order.process_key)
        ]
        for other in moot:
            self._holds.close(other)
        return [hold, *moot]

    def _thawed(self, order: Order, handle: RunHandle | None) -> Outcome:
        """Let the run go on where this was its last question."""
        left = len(self._holds.of_run(order.run))
        if left:
            which = "one more question keeps" if left == 1 else f"{left} more questions keep"
            return Outcome("confirmed", f"{which} the run frozen")
        return self._outcome(self.thaw(order, handle))

    def thaw(self, order: Order, handle: RunHandle | None) -> Deed:
        """Let a run go on, whatever it was frozen for."""
        return self._rungs.thaw(order, handle)

    def _ask_again(self, hold: Hold, decision: Decision) -> None:
        """Where the limit has passed it begins anew, so that what fails is not tried all the time."""
        late = decision.actor == LIMIT
        self._holds.add(replace(hold, due=hold.due + max(hold.seconds, 1.0)) if late else hold)

    def _outcome(self, deed: Deed) -> Outcome:
        """What is known of a deed now, or after a moment."""
        if deed.outcome is None:
            self._books.check(0)
        return deed.outcome or Outcome("unverified", deed.note)


def _was_refused(hold: Hold) -> bool:
    """Whether the call came to nothing when it was made, so that nothing is left to deny."""
    return not hold.done and (hold.operation or "").startswith("net.")


def _has_failed(outcome: Outcome) -> bool:
    return outcome.enforcement == "failed"


def _lives(handle: RunHandle | None) -> bool:
    return handle is not None and bool(handle.survivors())


def _together(*outcomes: Outcome) -> Outcome:
    """All that was seen, and the worst of it."""
    worst = max((outcome.enforcement for outcome in outcomes), key=_WORSE.index)
    return Outcome(worst, "; ".join(outcome.evidence for outcome in outcomes))
