"""Open questions as the services tell them: who asks for what, why a rule asks back, how long it waits, and what may be decided.

Content (command lines, changes of a policy) is hidden from who may not see it, before a card has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from dashboards import context, hiding
from dashboards.interface import DashboardError
from dashboards.parts.deeds import Deed, on_run
from pipeline.escape import visible

NO_WAY = "Orders cannot be given from here: the dashboard runs without a way to the services."
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

    @property
    def network(self) -> bool:
        """Whether it is about a connection: that was refused already, since none can be stopped halfway."""
        return self.operation.startswith("net.")

    @property
    def end(self) -> str:
        """What happens when the time is up."""
        return {"release": self.released, "deny": self.denied, "kill": "every process of the run is ended"}.get(
            self.then, "what its policy says happens"
        )

    @property
    def released(self) -> str:
        """What a release does."""
        if self.frozen:
            return "the run goes on"
        return "its next try passes, for a minute" if self.network else "it is let through"

    @property
    def denied(self) -> str:
        """What a denial does."""
        return (
            "it goes on without the connection" if self.network else "the process that asks is ended, the run goes on"
        )


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
    run, about = asked.run, f"{asked.wants} (run {asked.run})"

    def deed(do: str, label: str, icon: str, says: str, *, reason: bool = False, for_run: bool = False) -> Deed:
        return on_run(do, label, f":material/{icon}:", run, says, reason=reason, name=asked.hold, for_run=for_run)

    if asked.frozen:
        found = [deed("release", "Thaw", "play_arrow", f"Let run {run} go on.")]
    else:
        silent = f"Rule {visible(asked.rule)} asks no more in this run"
        found = [
            deed("release", "Release", "play_arrow", f"{about}: {asked.released}."),
            deed(
                "release", "Release for the run", "fast_forward", f"{about}: {asked.released}. {silent}.", for_run=True
            ),
            deed("deny", "Deny", "block", f"{about}: {asked.denied}."),
        ]
    return [
        *found,
        deed("kill", "Kill", "dangerous", f"End every process of run {run}. This cannot be undone.", reason=True),
    ]


def give_back(run: str) -> Deed:
    """The network of a run that lost it."""
    return on_run("release", "Give network back", ":material/lan:", run, f"Give run {run} its network back.")


def remaining(left: float) -> str:
    """Seconds as a clock."""
    whole = max(0, int(left))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
