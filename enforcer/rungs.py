"""The rungs of the ladder: each single deed, how it is proven, and which one follows when it fails.

Inline in the kernel → the process → freeze → isolate → the whole run; a quarantine that fails
climbs to isolation. Nothing climbs when nobody is left to act on, when the guard refused, while
enforcement is paused, or when a person gave the order: who sees it fail can decide. A run that was to be
frozen and is not goes on: nothing may stand still about which nobody is asked.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from enforcer.books import Books, Deed, Ends
from enforcer.holds import Holds
from enforcer.interface import Enforcer, GuardRefusal, Order, Outcome, RunHandle
from enforcer.proof import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from enforcer.selection import Asked

REMEMBERED = 2048
"""Processes and runs whose actions are remembered; the least recently seen is forgotten first."""

QUARANTINE_SECONDS = 600.0
"""How long a file may take on its way into the vault: one of 100 GB from another file system is copied and read back."""


@dataclass
class _Kills:
    """What was done to end one process."""

    deeds: list[Deed] = field(default_factory=list)


class Rungs:
    """Carries out single deeds and climbs where they fail.

    ``holds`` are the questions that keep runs frozen; ``ask`` opens one for a run that was frozen because a lower rung
    had failed.
    """

    def __init__(
        self,
        enforcer: Enforcer,
        books: Books,
        holds: Holds | None = None,
        ask: Callable[[Deed], None] | None = None,
    ) -> None:
        self._enforcer = enforcer
        self._books = books
        self._holds = Holds() if holds is None else holds
        self._ask = ask
        self.paused = False
        """While true nothing climbs."""
        self._kills: OrderedDict[tuple[str, int], _Kills] = OrderedDict()
        self._run_kills: OrderedDict[str, Deed] = OrderedDict()
        self._cuts: OrderedDict[str, Deed] = OrderedDict()

    # Inline, and the process

    def prove_inline(self, order: Order, handle: RunHandle | None, asked: Asked) -> Deed:
        """The kernel has acted already; find out whether it took effect."""
        deed = self._books.begin("kernel", order, handle)
        deed.failed = partial(self._climb, self.kill_process)
        if asked.network or asked.refused:
            self._books.end(deed, refusal(asked.errno))
        elif asked.pid is None or asked.process_key is None:
            self._books.end(deed, Outcome("unverified", "the row names no process that could be looked at"))
        else:
            self._remember_kill(deed)
            self._books.wait(deed, "SIGKILL sent by the kernel before the call returned", partial(self._gone, deed))
        return deed

    def record_unseen(self, order: Order, handle: RunHandle | None) -> Deed:
        """Nobody was seen doing it, so nothing is done to anybody; the failure is told."""
        deed = self._books.begin("process", replace(order, action="kill", enforced_at="userspace"), handle)
        self._books.close(deed, Outcome("failed", "the source tells what was done, not who did it: nobody was stopped"))
        return deed

    def kill_process(self, order: Order, handle: RunHandle | None) -> Deed:
        """End one process."""
        order = replace(order, action="kill", enforced_at="userspace")
        deed = self._books.begin("process", order, handle)
        deed.failed = partial(self._climb, self.freeze)
        self._books.attempt(deed, partial(self._kill, deed), partial(self._gone, deed))
        if deed.outcome is None or deed.outcome.confirmed:
            self._remember_kill(deed)
        return deed

    def _kill(self, deed: Deed, _: RunHandle) -> Outcome:
        try:
            outcome = self._enforcer.kill_process(deed.order, 0)
        except GuardRefusal:
            if (before := self._ended_before(deed)) is not None:
                return before
            raise
        return (self._ended_before(deed) if outcome.enforcement == "failed" else None) or outcome

    def _gone(self, deed: Deed, ends: Ends, wait: float) -> Outcome | None:
        return ends.get(deed.order.process_key) or self._enforcer.wait_gone(deed.order, wait)

    def _ended_before(self, deed: Deed) -> Outcome | None:
        """The proof that an earlier action had ended the process, so that this one came to nothing."""
        order = deed.order
        if self._enforcer.wait_gone(order, 0) is None:
            return None
        kills = self._kills.get((order.run, order.process_key), _Kills()).deeds
        for kill in (*kills, self._run_kills.get(order.run)):
            if kill is not None and (kill.outcome is None or kill.outcome.confirmed):
                return Outcome("confirmed", f"the process was ended by action {kill.id}")
        seen = self._books.exits.find([order.process_key]).get(order.process_key)
        return seen if seen is not None and seen.confirmed else None

    def _remember_kill(self, deed: Deed) -> None:
        key = deed.order.run, deed.order.process_key
        self._kills.setdefault(key, _Kills()).deeds.append(deed)
        self._kills.move_to_end(key)
        if len(self._kills) > REMEMBERED:
            self._kills.popitem(last=False)

    # The run

    def freeze(
        self, order: Order, handle: RunHandle | None, then: Callable[[Deed], None] | None = None, *, held: bool = False
    ) -> Deed:
        """Stop the whole run where it stands; ``then`` is called once it does.

        Where it cannot be frozen, a process that asked, or that the kernel ``held`` before its call returned, is
        ended; and any other run loses its network.
        """
        rung = self._end_stopped if held else self.kill_process if order.action == "ask" else self.isolate
        asked = order.action == "ask"
        order = replace(order, action="ask" if asked else "freeze", enforced_at="userspace")
        deed = self._books.begin("freeze", order, handle)
        deed.confirmed = then or self._ask
        deed.failed = partial(self._not_frozen, rung, held)
        self._books.attempt(deed, lambda run: self._enforcer.freeze_run(order, run, 0), partial(self._frozen, deed))
        if held and deed.outcome is not None and not deed.touched:
            self._climb(rung, deed)  # refused; but the kernel did stop the process, and nobody will be asked about it
        return deed

    def _not_frozen(self, rung: Callable[[Order, RunHandle | None], Deed], held: bool, deed: Deed) -> None:
        if held and self.paused:
            self.go_on(deed.order, deed.handle)
        self._climb(rung, deed)
        if self._is_there(deed) and not self._holds.of_run(deed.order.run):
            self.thaw(deed.order, deed.handle)

    def _end_stopped(self, order: Order, handle: RunHandle | None) -> Deed:
        """End a process that stands still; one that may not be ended goes on."""
        deed = self.kill_process(order, handle)
        if deed.outcome is not None and not deed.touched:
            self.go_on(order, handle)
        return deed

    def _frozen(self, deed: Deed, _: Ends, wait: float) -> Outcome | None:
        return self._enforcer.wait_run_frozen(deed.order, _known(deed), wait)

    def thaw(self, order: Order, handle: RunHandle | None) -> Deed:
        """Let a run go on, whatever it was frozen for."""
        deed = self._books.begin("release", replace(order, action="release", enforced_at="userspace"), handle)
        self._books.attempt(deed, lambda run: self._enforcer.thaw_run(deed.order, run, 1.0), None)
        return deed

    def go_on(self, order: Order, handle: RunHandle | None) -> Deed:
        """Let a process go on that the kernel stopped before its call returned."""
        deed = self._books.begin("release", replace(order, action="release", enforced_at="userspace"), handle)
        self._books.attempt(deed, lambda _: self._enforcer.continue_process(deed.order), None)
        return deed

    def isolate(self, order: Order, handle: RunHandle | None) -> Deed:
        """Cut the network of the run, once: later demands get the deed that did it."""
        before = self._cuts.get(order.run)
        if before is not None and before.rung == "isolate" and not _has_failed(before):
            return before
        order = replace(order, action="isolate", enforced_at="userspace")
        deed = self._books.begin("isolate", order, handle)
        deed.failed = partial(self._climb, self.kill_run)
        self._books.attempt(deed, lambda run: self._enforcer.cut_network(order, run), None)
        if deed.touched:
            self._cuts[order.run] = deed
            _trim(self._cuts)
        return deed

    def join(self, order: Order, handle: RunHandle | None) -> Deed:
        """Give a run its network back."""
        deed = self._books.begin("join", order, handle)
        self._books.attempt(deed, lambda run: self._enforcer.join_network(order, run), None)
        if not _has_failed(deed):
            self._cuts.pop(order.run, None)
        elif deed.touched:
            self._cuts[order.run] = deed  # neither the one nor the other: either can be asked for again
            _trim(self._cuts)
        return deed

    def is_cut(self, run: str) -> bool:
        """Whether the run's network was cut here, be it in part, and not given back."""
        return run in self._cuts

    def kill_run(self, order: Order, handle: RunHandle | None) -> Deed:
        """End the whole run."""
        order = replace(order, action="kill", enforced_at="userspace")
        before = self._run_kills.get(order.run)
        # Rows of a run that was killed keep coming for a moment; only a living process, or a person, asks for another kill.
        late = order.actor == "policy" and before is not None and self._enforcer.wait_gone(order, 0) is not None
        if before is not None and (late or before.outcome is None):
            return before
        deed = self._run_kills[order.run] = self._books.begin("run", order, handle)
        _trim(self._run_kills)
        self._books.attempt(deed, lambda run: self._enforcer.kill_run(order, run, 0), partial(self._run_gone, deed))
        return deed

    def _run_gone(self, deed: Deed, _: Ends, wait: float) -> Outcome | None:
        return self._enforcer.wait_run_gone(deed.order, _known(deed), wait)

    # The file

    def quarantine(self, order: Order, handle: RunHandle | None) -> Deed:
        """Take the file away; this goes on in the background."""
        order = replace(order, action="quarantine", enforced_at="userspace")
        deed = self._books.begin("quarantine", order, handle)
        deed.failed = partial(self._climb, self.isolate)
        begin = partial(self._begin_quarantine, deed)
        self._books.attempt(deed, begin, partial(self._quarantined, deed), QUARANTINE_SECONDS)
        return deed

    def _begin_quarantine(self, deed: Deed, _: RunHandle) -> Outcome:
        if not deed.order.object:
            return Outcome("failed", "there is no file to take away")
        self._enforcer.begin_quarantine(deed.order, deed.id)
        return Outcome("unverified", "")

    def _quarantined(self, deed: Deed, _: Ends, wait: float) -> Outcome | None:
        return self._enforcer.wait_quarantined(deed.order, deed.id, wait)

    # Climbing

    def _climb(self, rung: Callable[[Order, RunHandle | None], Deed], deed: Deed) -> None:
        """The next rung, when the policy asked and somebody is there to be acted on."""
        if not self.paused and deed.order.actor == "policy" and self._is_there(deed):
            rung(deed.order, deed.handle)

    def _is_there(self, deed: Deed) -> bool:
        if deed.rung in ("kernel", "process"):
            return self._enforcer.wait_gone(deed.order, 0) is None
        return deed.handle is not None and bool(deed.handle.survivors())


def _known(deed: Deed) -> RunHandle:
    if deed.handle is None:
        raise AssertionError("a run that is unknown is never waited for")
    return deed.handle


def _has_failed(deed: Deed) -> bool:
    return deed.outcome is not None and deed.outcome.enforcement == "failed"


def _trim(remembered: OrderedDict[str, Deed]) -> None:
    if len(remembered) > REMEMBERED:
        remembered.popitem(last=False)
