"""Open questions as the services tell them: who asks for what, why a rule asks back, how long it waits, and what may be decided.

Content (command lines, changes of a policy) is hidden from who may not see it, before a card has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from dashboards import context, hiding
from dashboards.interface import DashboardError
from dashboards.parts.deeds import Deed, on_run
from pipeline.escape import visible

NO_WAY = "Orders cannot be given from here: the dashboard runs without a way to the services."
ENDS = {
    "release": "it is let through and goes on", "deny": "it is denied: the process that asks is ended, the run goes on",
    "kill": "every process of the run is ended",
}  # fmt: skip
SOON_S = 60.0
"""Less time than this is told as urgent."""
_TEXTS = (
    "hold", "run", "agent", "user", "since", "then", "operation", "object", "rule", "policy", "because", "instead",
    "change", "exe", "cmdline",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """One hold. ``operation`` is empty where a person froze the run: then nothing was asked for. ``left`` in seconds."""

    hold: str
    run: str
    left: float
    agent: str = ""
    user: str = ""
    since: str = ""
    then: str = ""
    operation: str = ""
    object: str = ""
    rule: str = ""
    policy: str = ""
    because: str = ""
    instead: str = ""
    change: str = ""
    exe: str = ""
    cmdline: str = ""
    pid: int | None = None

    @property
    def frozen(self) -> bool:
        """Whether nothing was asked for."""
        return not self.operation

    @property
    def wants(self) -> str:
        """What it asks for, in one line; may repeat what an agent wrote."""
        return visible(f"{self.operation} {self.object}".strip()) if self.operation else "go on"


@dataclass(frozen=True)
class Waiting:
    """What the services tell: open questions, the most urgent first; runs that only lack their network; why there is nothing."""

    questions: tuple[Question, ...] = ()
    isolated: tuple[Mapping[str, Any], ...] = ()
    why: str | None = None


def ask() -> Waiting:
    """As it is now; a service that cannot be asked is a reason, no error of the page."""
    deeds = context.ports().deeds
    if deeds is None:
        return Waiting(why=NO_WAY)
    try:
        held, live = deeds.held(), deeds.live()
    except DashboardError as error:
        return Waiting(why=str(error))
    questions = sorted(map(question, shown(held)), key=lambda q: (q.left, q.hold))
    asking = {q.run for q in questions}
    lonely = tuple(row for row in live if row.get("isolated") and row.get("run") not in asking)
    return Waiting(tuple(questions), lonely)


def shown(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same rows; for a viewer without content."""
    texts = [{n: None if row.get(n) is None else str(row[n]) for n in _TEXTS} for row in rows]
    if not texts:
        return []
    told = hiding.hidden(pa.Table.from_pylist(texts, pa.schema([(n, pa.string()) for n in _TEXTS]))).to_pylist()
    return [row | {"left": own.get("left"), "pid": own.get("pid")} for row, own in zip(told, rows, strict=True)]


def question(row: Mapping[str, Any]) -> Question:
    """From a row as ``lictor held`` has it."""
    texts: dict[str, Any] = {name: row[name] or "" for name in _TEXTS}
    return replace(Question(**texts, left=float(row.get("left") or 0.0)), pid=row.get("pid"))


def possible(asked: Question) -> list[Deed]:
    """What may be decided, in the order of the ladder."""
    run, hold = asked.run, asked.hold
    if asked.frozen:
        found = [on_run("release", "Thaw", ":material/play_arrow:", run, f"Let run {run} go on.", name=hold)]
    else:
        rule = asked.rule or "that asks"
        found = [
            on_run("release", "Release", ":material/play_arrow:", run, f"Let it through: {asked.wants}.", name=hold),
            on_run(
                "release", "Release for the run", ":material/fast_forward:", run,
                f"Let it through: {asked.wants}. Rule {visible(rule)} asks no more in run {run}.", name=hold, for_run=True,
            ),
            on_run(
                "deny", "Deny", ":material/block:", run,
                f"End the process that asks for {asked.wants}; the rest of run {run} goes on.", name=hold,
            ),
        ]  # fmt: skip
    says = f"End every process of run {run}. This cannot be undone."
    found.append(on_run("kill", "Kill", ":material/dangerous:", run, says, reason=True, name=hold))
    return found


def give_back(run: str) -> Deed:
    """The network of a run that lost it."""
    return on_run("release", "Give network back", ":material/lan:", run, f"Give run {run} its network back.")


def remaining(left: float) -> str:
    """Seconds as a clock."""
    whole = max(0, int(left))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def share(asked: Question, now: datetime | None = None) -> float:
    """How much of its time is left, from 0 to 1; 1 where nobody knows when it began."""
    try:
        since = datetime.fromisoformat(asked.since)
    except ValueError:
        return 1.0
    passed = ((now or datetime.now(UTC)) - since.replace(tzinfo=since.tzinfo or UTC)).total_seconds()
    whole = asked.left + max(0.0, passed)
    return min(1.0, asked.left / whole) if whole > 0 else 0.0
