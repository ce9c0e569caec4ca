"""The SQL that asks the lake about history: texts from ``queries/history``, filled with runs, times and columns.

Only what a policy looks at is asked for: distinct facts are few, and each further column makes more of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING

from lictor.report import text
from pipeline import schema
from pipeline.policy.decide import OPENS
from queries import catalog

if TYPE_CHECKING:
    from pipeline.policy.model import Match, Policy

HISTORY = catalog.VIEWS.parent / "history"

FACTS = ("intent", "path", "path_to", "script", "exe", "protocol", "ip", "port")
"""Columns that every judgement needs, beside the operation."""

OPTIONAL = {
    "argv": ("cmdline",), "parent": ("parent_exe",), "user": ("user", "uid"), "domain": ("dst_name",),
    "exe_hash": ("exe_sha256",), "size": ("bytes",),
}  # fmt: skip
"""Columns that only some keys of a match look at."""

ORDERED = (
    "time", "time_ns", "cpu", "seq", "outcome", "errno", "process_key", "child_key", "user", "uid", "dev", "ino",
    "src_ip", "src_port", "dst_ip", "dst_port",
)  # fmt: skip
"""Further columns that a rule with a memory may need."""

TAINT = (*OPENS, "file.rename", "file.link", "exec", "fork", "exit")
"""Operations by which labels spread."""


@dataclass(frozen=True)
class Window:
    """From when to when, in nanoseconds since 1970; ``until`` is not in it any more."""

    since: int | None = None
    until: int | None = None

    def sql(self) -> str:
        """The condition on ``at_ns``."""
        parts = [f"at_ns >= {self.since}"] if self.since is not None else []
        parts += [f"at_ns < {self.until}"] if self.until is not None else []
        return " AND ".join(parts) or "true"


@dataclass(frozen=True)
class Looks:
    """What some policies look at: columns of facts, operations that they speak of, their versions by side."""

    columns: tuple[str, ...]
    operations: frozenset[str]
    versions: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Rows:
    """Rows that must be seen in order: all of some operations, and some paths of others."""

    operations: frozenset[str] = frozenset()
    paths: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def sql(self) -> str:
        """The condition on an event."""
        parts = [f"operation IN ({listed(sorted(self.operations))})"] if self.operations else []
        parts += [
            f"(operation = {text(operation)} AND path IN ({listed(sorted(paths))}))"
            for operation, paths in sorted(self.paths.items())
        ]
        return f"({' OR '.join(parts)})" if parts else "false"


def with_history(sql: str) -> str:
    """A SELECT that may name the queries of ``queries/history``."""
    text = sql
    used: list[str] = []
    for query in reversed(_queries()):  # each stands behind those that it reads from
        if query.name in text:
            text += query.sql
            used.insert(0, f"{query.name} AS ({query.sql})")
    return f"WITH {', '.join(used)} {sql}"


@cache
def _queries() -> tuple[catalog.Query, ...]:
    return catalog.load(HISTORY)


def listed(values: Iterable[str]) -> str:
    """Texts as SQL literals."""
    return ", ".join(map(text, values))


def looks_of(sides: Sequence[Sequence[Policy]]) -> Looks:
    """What the policies of all sides look at together."""
    policies = [p for side in sides for p in side]
    matches = [m for p in policies for m in _matches(p)]
    keys = {f.name for m in matches for f in fields(m) if getattr(m, f.name) not in ((), None)}
    if any("unresolved" in m.net for m in matches):
        keys.add("domain")
    columns = dict.fromkeys(c for key, names in OPTIONAL.items() if key in keys for c in names)
    everything = "taint" in keys
    return Looks(
        (*FACTS, *columns),
        frozenset(o.name for o in schema.OPERATIONS if everything or _concerned(o, _selectors(policies))),
        tuple(tuple(sorted(p.version for p in side)) for side in sides),
    )


def facts_sql(looks: Looks, runs: Sequence[str], window: Window) -> str:
    """Distinct facts of some runs, with how many events had them and when the first one was."""
    columns = ["agent_run", "operation", *(_masked(c, looks) for c in looks.columns), *_recorded(looks)]
    sums = (
        "count(*) AS events, count(*) FILTER (went) AS went, count(*) FILTER (stopped) AS stopped, min(at_ns) AS first"
    )
    return with_history(
        f"SELECT {', '.join(columns)}, {sums} FROM history_events WHERE {_of(runs)} AND {window.sql()} GROUP BY ALL"  # noqa: S608 - texts are quoted
    )


def ordered_sql(looks: Looks, wanted: Sequence[tuple[Sequence[str], Rows]], window: Window, limit: int | None) -> str:
    """Single events of some runs, in order."""
    columns = dict.fromkeys(["agent_run", "operation", *map(_quoted, looks.columns), *map(_quoted, ORDERED)])
    where = " OR ".join(f"({_of(runs)} AND {rows.sql()})" for runs, rows in wanted)
    end = "" if limit is None else f" LIMIT {limit}"
    return with_history(
        f"SELECT {', '.join(columns)}, at_ns, severity, policy_version, {', '.join(_recorded(looks))}, went, stopped"  # noqa: S608 - see above
        f" FROM history_events WHERE ({where}) AND {window.sql()} ORDER BY agent_run, at_ns, cpu, seq{end}"
    )


def _of(runs: Sequence[str]) -> str:
    """The condition on the run; its ends let the engine skip what lies outside."""
    return f"agent_run BETWEEN {text(min(runs))} AND {text(max(runs))} AND agent_run IN ({listed(runs)})"


def _masked(column: str, looks: Looks) -> str:
    """A column of facts, NULL for operations that no rule speaks of: they need not be told apart."""
    name = _quoted(column)
    if looks.operations >= schema.OPERATION_BY_NAME.keys():
        return name
    return f"CASE WHEN operation IN ({listed(sorted(looks.operations))}) THEN {name} END AS {name}"


def _recorded(looks: Looks) -> list[str]:
    """What was said then; rule and policy only where it was one of the policies that are asked about."""
    every = sorted({v for side in looks.versions for v in side})
    known = f"policy_version IN ({listed(every)})" if every else "false"
    sides = [
        f"coalesce({f'policy_version IN ({listed(side)})' if side else 'false'}, false) AS known_{i}"
        for i, side in enumerate(looks.versions)
    ]
    return ["verdict AS was", *(f"CASE WHEN {known} THEN {c} END AS {c}" for c in ("rule", "policy")), *sides]


def _quoted(column: str) -> str:
    return f'"{column}"'


def _matches(policy: Policy) -> list[Match]:
    found = [m for r in policy.rules for m in (r.match, r.unless)]
    found += [m for r in policy.rules for step in r.sequence or () for m in (step.match, step.unless)]
    return [m for m in found if m is not None]


def _selectors(policies: Sequence[Policy]) -> frozenset[str]:
    rules = [r for p in policies for r in p.rules]
    named = {s for r in rules for s in r.on or ()} | {s for r in rules for step in r.sequence or () for s in step.on}
    return frozenset(named | {s for p in policies for s in p.defaults})


def _concerned(operation: schema.Operation, selectors: frozenset[str]) -> bool:
    reach = {*operation.selectors, *(schema.INTENT_SELECTORS.values() if operation.name in OPENS else ())}
    return not reach.isdisjoint(selectors)
