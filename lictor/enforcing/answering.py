"""What a running service answers to people: what is held, and what they decide.

Who asks was established by the kernel (``lictor.control.peers``). Whether they may is decided here, run by
run: an agent decides nothing, and neither does the user it runs as.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import pyarrow as pa

from enforcer.decisions import Decision
from enforcer.interface import Order, Outcome, Then
from lictor.control.peers import may_see, refusal
from lictor.errors import LictorError
from pipeline import schema
from pipeline.policy.load import PolicyError

if TYPE_CHECKING:
    from enforcer.holds import Hold
    from lictor.control.messages import Answer, Request
    from lictor.control.peers import Peer
    from lictor.enforcing.enforcement import Enforcement
    from lictor.enforcing.installing import Installing
    from lictor.live import LiveRun

HELD: dict[str, pa.DataType] = {
    "hold": schema.TEXT, "run": schema.TEXT, "agent": schema.TEXT, "user": schema.TEXT, "since": schema.TEXT, "left": pa.float64(), "then": schema.TEXT,
    "operation": schema.TEXT, "object": schema.TEXT, "rule": schema.TEXT, "policy": schema.TEXT, "because": schema.TEXT,
    "instead": schema.TEXT, "change": schema.TEXT, "pid": schema.INT, "exe": schema.TEXT, "cmdline": schema.TEXT,
}  # fmt: skip
"""What an open question is shown with; ``left`` is in seconds."""

RETRY_S = 60.0
"""How long a released connection is not asked about again: the call was refused, so the agent has to make it once more."""


class Answering:
    """Answers requests about the runs of one service."""

    def __init__(self, runs: Mapping[str, LiveRun], enforcement: Enforcement, installing: Installing) -> None:
        self._runs = runs
        self._enforcement = enforcement
        self._installing = installing
        self._holds = enforcement.ladder.holds

    def answer(self, request: Request, peer: Peer) -> Answer:
        """Do what was asked for; the text of a refusal stands under ``error``."""
        deeds: dict[str, Callable[[Request, Peer], dict[str, Any]]] = {
            "held": self._held, "status": self._status, "release": self._release, "deny": self._deny,
            "kill": self._order, "freeze": self._order, "isolate": self._order, "join": self._order,
        }  # fmt: skip
        try:
            return deeds[request.do](request, peer)
        except LictorError as error:
            return {"ok": False, "error": str(error)}

    # What there is

    def _held(self, _: Request, peer: Peer) -> dict[str, Any]:
        rows = []
        for hold in self._holds:
            live = self._runs[hold.run]
            if may_see(peer, live.uid):
                row = self._enforcement.request(hold)
                left = max(0.0, hold.due - time.monotonic())
                since = datetime.fromtimestamp(row["time"] / 1e6, UTC).isoformat()
                shown = {**row, "hold": hold.id, "run": hold.run, "since": since, "left": round(left, 1)}
                rows.append({name: shown.get(name) for name in HELD})
        return {"ok": True, "rows": rows}

    def _status(self, _: Request, peer: Peer) -> dict[str, Any]:
        rows = [
            {"run": live.id, "agent": live.agent, "pid": live.root_pid, "uid": live.uid, "enforce": live.enforce,
             "held": len(self._holds.of_run(live.id)), "isolated": self._enforcement.ladder.is_cut(live.id)}
            for live in self._runs.values() if may_see(peer, live.uid)
        ]  # fmt: skip
        return {"ok": True, "rows": rows}

    # What is decided

    def _deny(self, request: Request, peer: Peer) -> dict[str, Any]:
        questions = self._questions(request)
        if all(hold.operation is None for hold in questions):
            raise LictorError(f"run {questions[0].run} was frozen by hand, nothing was asked for: release or kill it")
        return self._decided(questions, "deny", request, peer)

    def _release(self, request: Request, peer: Peer) -> dict[str, Any]:
        questions = self._questions(request, needed=False)
        if questions:
            return self._decided(questions, "release", request, peer)
        live = self._run(request)
        self._refuse(peer, live)
        if not self._enforcement.ladder.is_cut(live.id):
            raise LictorError(f"run {live.id} is neither held nor isolated")
        return _told([(live.id, "join", self._carry_out("join", live, request, peer))])

    def _decided(self, holds: list[Hold], then: Then, request: Request, peer: Peer) -> dict[str, Any]:
        for hold in holds:
            self._refuse(peer, self._runs[hold.run])
        decision = _decision(then, request, peer)
        told = []
        for hold in holds:
            if not self._holds.is_open(hold):
                continue  # answered with another one: its process was ended
            if then == "release":
                self._excuse(hold, for_run=request.for_run)
            told.append((hold.id, then, self._enforcement.decide(hold, decision)))
        return _told(told)

    def _excuse(self, hold: Hold, *, for_run: bool) -> None:
        """Before the run goes on, so that nothing asks in between."""
        live, rule = self._runs[hold.run], hold.order.rule
        network = (hold.operation or "").startswith("net.")
        if rule is None or not (for_run or network):
            return
        until = 2**62 if for_run else time.time_ns() + int(RETRY_S * 1e9)
        try:
            self._installing.excuse(live, rule, until)
        except PolicyError as error:
            raise LictorError(f"rule {rule} cannot be excused: {error}") from error

    def _order(self, request: Request, peer: Peer) -> dict[str, Any]:
        questions = self._questions(request, needed=False) if request.do == "kill" else []
        if questions:
            return self._decided(questions[:1], "kill", request, peer)
        live = self._run(request)
        self._refuse(peer, live)
        return _told([(live.id, request.do, self._carry_out(request.do, live, request, peer))])

    def _carry_out(self, action: str, live: LiveRun, request: Request, peer: Peer) -> Outcome:
        by = "by hand" if request.account is None else f"by hand (dashboard: {request.account})"
        rule = f"{by}: {request.why}" if request.why else by
        order = Order(action, live.id, live.root_key, live.root_pid, rule=rule, actor=peer.user)
        return self._enforcement.order(order)

    # Who and what

    def _refuse(self, peer: Peer, live: LiveRun) -> None:
        """Raise unless the peer may decide about a run."""
        why = refusal(peer, live.uid)
        if why is not None:
            raise LictorError(why)

    def _questions(self, request: Request, *, needed: bool = True) -> list[Hold]:
        wanted = request.name
        found = [hold for hold in self._holds if hold.id.startswith(wanted)] or [
            hold for hold in self._holds if hold.run.startswith(wanted)
        ]
        runs = {hold.run for hold in found}
        if len(runs) > 1:
            raise LictorError(f"{wanted!a} fits several runs that are held: {', '.join(sorted(runs))}")
        if needed and not found:
            raise LictorError(f"nothing that is held has an id like {wanted!a}")
        return found

    def _run(self, request: Request) -> LiveRun:
        wanted = request.name
        found = [live for name, live in self._runs.items() if name.startswith(wanted)]
        if len(found) != 1:
            names: Iterable[str] = (live.id for live in found)
            raise LictorError(f"{wanted!a} fits {len(found) or 'no'} runs here: {', '.join(names)}".rstrip(": "))
        return found[0]


def _decision(then: Then, request: Request, peer: Peer) -> Decision:
    if then not in get_args(Then):
        raise AssertionError(f"no decision: {then}")
    return Decision(then, peer.user, request.why, peer.uid, peer.login, request.account)


def _told(done: Sequence[tuple[str, str, Outcome]]) -> dict[str, Any]:
    rows = [{"id": name, "deed": deed, "enforcement": o.enforcement, "evidence": o.evidence} for name, deed, o in done]
    return {"ok": True, "rows": rows}
