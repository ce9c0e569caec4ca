"""A least-privilege policy from the lake: the runs that are fit to learn from, what they did, and what follows.

Nothing is learned from a run with findings, denials or losses, nor from one that goes on: what such a run
did may be what the policy is to stop, or not all that it did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lictor.backtesting import Asking
from lictor.errors import LictorError
from lictor.history import chunks
from lictor.history.asking import Looks, with_history
from lictor.history.runs import Run, read_runs
from pipeline import schema
from pipeline.policy.analysis.suggest import Learner, Left, Wishes
from pipeline.policy.analysis.suggest_document import Head, Reason, document
from pipeline.policy.analysis.suggest_facts import GOVERNABLE, Fact, SeenRun
from pipeline.policy.decide import OPENS
from pipeline.policy.text import to_yaml

if TYPE_CHECKING:
    from lictor.history.runs import Query
    from pipeline.lake.reader import Lake

_FACTS = ("intent", "path", "path_to", "ip", "port", "protocol", "dst_name")
_PROGRAMS = ("script", "exe")
"""Asked for only where programs are closed: otherwise they would only make more facts."""


@dataclass(frozen=True)
class Suggesting:
    """What is wanted beside the runs: how many of them at the least, what is closed, and the document's head."""

    wishes: Wishes = field(default_factory=Wishes)
    min_runs: int = 3
    name: str = "suggested"
    mode: str = "audit"


@dataclass(frozen=True)
class Suggestion:
    """The policy as data and as text, the reasons of its rules, what was left out, and runs not learned from (and why)."""

    document: Mapping[str, Any]
    text: str
    reasons: tuple[Reason, ...]
    left: tuple[Left, ...]
    runs: tuple[str, ...]
    skipped: Mapping[str, str]


def suggest(lake: Lake, asking: Asking | None = None, wanted: Suggesting | None = None) -> Suggestion:
    """Learn from the lake; raises ``LictorError`` where too few runs are fit, and ``LakeError``."""
    asking, wanted = asking or Asking(), wanted or Suggesting()
    _check(wanted)
    query = partial(lake.query, timeout=asking.timeout)
    found = read_runs(query, asking.selection, asking.window)
    skipped = {**found.unknown, **_blemished(query, found.known)}
    fit = {run: r for run, r in found.known.items() if run not in skipped}
    if len(fit) < wanted.min_runs:
        raise LictorError(_too_few(len(fit), wanted.min_runs, skipped))
    seen = {run: SeenRun(run, r.context.workspace.rstrip("/") or "/", r.context.home) for run, r in fit.items()}
    learner = Learner(tuple(seen.values()), wanted.wishes)
    for table in _facts(query, list(fit.values()), asking, wanted.wishes.governed):
        learner.learn(_rows(table))
    learned, left = learner.learned()
    agents = sorted({r.context.agent for r in fit.values()})
    head = Head(wanted.name, wanted.mode, tuple(agents) if all(agents) else ())
    made, reasons = document(head, wanted.wishes.governed, learned, seen)
    return Suggestion(made, to_yaml(made), tuple(reasons), tuple(left), tuple(seen), skipped)


def _check(wanted: Suggesting) -> None:
    if not 0 <= wanted.wishes.min_stability <= 1:
        raise LictorError(f"a stability is a share from 0 to 1, not {wanted.wishes.min_stability:g}")
    unknown = [s for s in wanted.wishes.governed if s not in GOVERNABLE]
    if unknown:
        raise LictorError(f"{unknown[0]!a} cannot be governed by a suggestion; known here: {', '.join(GOVERNABLE)}")


def _blemished(query: Query, runs: Mapping[str, Run]) -> dict[str, str]:
    """Runs that nothing is learned from, and why."""
    found = {}
    for row in query(with_history("SELECT * FROM history_blemishes ORDER BY run")).to_pylist():
        run = runs.get(row["run"])
        if run is None:
            continue
        reasons = [f"{row[name]} {name}" for name in ("findings", "denials") if row[name]]
        reasons += [f"{row['lost']} events lost"] if row["lost"] else []
        reasons += [f"{row['gaps']} gaps in what was recorded"] if row["gaps"] and not row["lost"] else []
        reasons += [] if run.state == "ended" else ["it has not ended"]
        if reasons:
            found[run.id] = ", ".join(reasons)
    return found


def _too_few(fit: int, wanted: int, skipped: Mapping[str, str]) -> str:
    why = (
        f"; not learned from: {'; '.join(f'{run}: {reason}' for run, reason in list(skipped.items())[:5])}"
        if skipped
        else ""
    )
    return f"{fit} runs are fit to learn from, {wanted} are wanted (--min-runs){why}"


def _facts(query: Query, runs: Sequence[Run], asking: Asking, governed: Sequence[str]) -> Iterator[pa.Table]:
    """Distinct things that went through, of the operations that the suggestion closes."""
    columns = (*_FACTS, *(_PROGRAMS if "exec" in governed else ()))
    looks = Looks(columns, _operations(governed), ((),))
    plan = chunks.planned(runs, asking.window)
    for _, table in chunks.facts(query, looks, plan):
        own = pc.is_in(table["operation"], pa.array(sorted(looks.operations), pa.string()))
        yield table.filter(pc.and_(own, pc.greater(table["went"], 0)))


def _operations(governed: Sequence[str]) -> frozenset[str]:
    opens = OPENS if {"file.read", "file.write"} & set(governed) else ()
    return frozenset({o.name for o in schema.OPERATIONS if set(o.selectors) & set(governed)} | set(opens))


def _rows(table: pa.Table) -> Iterator[Fact]:
    for part in table.to_batches(max_chunksize=50_000):
        for row in part.to_pylist():
            intents = frozenset(filter(None, (row["intent"] or "").split(",")))
            names = {name: row.get(name) for name in ("path", "path_to", "script", "exe", "ip", "port", "protocol")}
            yield Fact(row["agent_run"], row["operation"], row["went"], intents, domain=row["dst_name"], **names)
