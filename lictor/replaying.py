"""A recorded trace judged anew: collector → judge → sums, denied rows and, if wanted, a lake.

The same way as a live run takes, without a kernel and without an enforcer. What another
policy had said and done when the trace was recorded is taken off first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.replay.traces import TraceCollector
from lictor import verdicts
from pipeline import schema
from pipeline.flow import PerRun
from pipeline.steps.verdicts import Verdicts

if TYPE_CHECKING:
    from pipeline.policy.compile import Program

KEPT_DENIED = 10_000
"""Denied rows that are kept for showing; all are counted and written."""

_JUDGED = {c.name for c in schema.ACTIVITY if c.group == "judged"}

Step = Callable[[pa.RecordBatch], pa.RecordBatch]
Found = Callable[[pa.RecordBatch], None]
"""Takes rows of ``findings``."""

Sink = Callable[[str, pa.RecordBatch | pa.Table], None]
"""Takes a table's name and rows, as ``LakeWriter.append`` does."""


Progress = Callable[[int], None]
"""Is told the rows of each batch."""


def quiet(_rows: int) -> None:
    """A progress that nobody watches."""


@dataclass(frozen=True)
class Where:
    """Where the recorded session ran; ``guessed`` names what the trace does not say."""

    workspace: str
    home: str
    env: Mapping[str, str]
    user: str
    host: str
    agent: str
    guessed: tuple[str, ...] = ()


@dataclass
class Outcome:
    """What a replay found: number of rows, sums of verdicts, the first denied rows, one row per run."""

    rows: int = 0
    sums: verdicts.Sums = field(default_factory=dict)
    denied: pa.Table = field(default_factory=lambda: schema.lake_schema("activity").empty_table())
    runs: pa.Table = field(default_factory=lambda: schema.lake_schema("runs").empty_table())
    findings: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Judgement:
    """What judges, and what a run's row says of it; ``judging`` is ``None`` without a policy.

    It makes the step, and is handed a callable for the findings.
    """

    judging: Callable[[Found], Step] | None = None
    policy: str | None = None
    version: str | None = None
    versions: tuple[str, ...] = ()
    """Versions of the single policies, as ``activity.policy_version`` names them."""


def start(collector: TraceCollector, overrides: Mapping[str, str]) -> tuple[Where, Iterator[pa.RecordBatch]]:
    """Where the session ran, and all its batches (the first one is read ahead to find out)."""
    batches = collector.batches(lambda: False)
    first = next(batches, None)
    return where(first, collector.context, overrides), chain(() if first is None else (first,), batches)


def where(first: pa.RecordBatch | None, context: Mapping[str, Any], overrides: Mapping[str, str]) -> Where:
    """What is given leads, then what the recorder noted, then what the first rows show."""
    user = _first(first, "user") or ("root" if _first(first, "uid") in {None, 0} else str(_first(first, "uid")))
    shown: dict[str, Any] = {
        "workspace": _first(first, "cwd") or "/",
        "home": "/root" if context.get("user", user) == "root" else f"/home/{context.get('user', user)}",
        "user": user, "host": _first(first, "host") or "", "agent": _first(first, "agent") or "",
        "env": {},
    }  # fmt: skip
    given = {**context, **{k: v for k, v in overrides.items() if v}}
    guessed = tuple(name for name in ("workspace", "home") if name not in given)
    return Where(**{**shown, **given}, guessed=guessed)


def replay(
    batches: Iterator[pa.RecordBatch],
    judgement: Judgement,
    *,
    sink: Sink | None = None,
    progress: Progress = quiet,
    source: str = TraceCollector.name,
) -> Outcome:
    """Judge every batch, write it to ``sink``, and sum up; ``progress`` is told the rows of each batch.

    ``source`` is that of the runs' rows.
    """
    outcome, tally, runs = Outcome(), verdicts.Tally(), _Runs(judgement, source)

    def found(rows: pa.RecordBatch) -> None:
        outcome.findings += rows.to_pylist()
        if sink is not None:
            sink("findings", rows)

    step = judgement.judging(found) if judgement.judging else None
    for part in batches:
        judged = step(_unjudged(part, judgement.versions)) if step else part
        if sink is not None:
            sink("activity", judged)
        tally.add(judged)
        runs.add(judged)
        outcome.rows += part.num_rows
        outcome.denied = _more(outcome.denied, verdicts.denied(judged))
        progress(part.num_rows)
    outcome.sums, outcome.runs = tally.sums(), runs.table()
    if sink is not None:
        sink("runs", outcome.runs)
    return outcome


def judging(program: Program) -> Callable[[Found], Step]:
    """The rows of each run by a judge with a memory of its own."""
    return lambda found: PerRun(_OneForEach(program, found))


class _OneForEach(dict[str, Step]):
    """A judge with a memory of its own for each run, made when the run is first seen."""

    def __init__(self, program: Program, found: Callable[[pa.RecordBatch], None]) -> None:
        super().__init__()
        self._made_of = program, found

    def get(self, run: str, default: Any = None) -> Any:  # noqa: ARG002 - every run has one
        """The step of a run."""
        return self.setdefault(run, Verdicts(*self._made_of)) if run not in self else self[run]


class _Runs:
    """One row of ``runs`` for each ``agent_run`` of the trace."""

    def __init__(self, judgement: Judgement, source: str = TraceCollector.name) -> None:
        self._judgement, self._source = judgement, source
        self._rows: dict[str, dict[str, Any]] = {}

    def add(self, part: pa.RecordBatch) -> None:
        if "agent_run" not in part.schema.names:
            return
        run = part.column("agent_run").cast(pa.string())
        counted = pa.table({"run": run, "time": part.column("time_ns"), "denied": _is_denied(part)})
        groups = (
            counted.filter(pc.is_valid(run))
            .group_by("run")
            .aggregate([("time", "min"), ("time", "max"), ("run", "count"), ("denied", "sum")])
        )
        for group in groups.to_pylist():
            self._count(part, group)
        self._end(part)

    def table(self) -> pa.Table:
        return pa.Table.from_pylist(list(self._rows.values()), schema=schema.lake_schema("runs"))

    def _count(self, part: pa.RecordBatch, group: Mapping[str, Any]) -> None:
        row = self._rows.get(group["run"]) or self._begun(part, group)
        row["events"] += group["run_count"]
        row["denied"] += group["denied_sum"] or 0
        row["ended"] = row["time"] = group["time_max"] // 1000
        self._rows[group["run"]] = row

    def _end(self, part: pa.RecordBatch) -> None:
        """Exit status of the root processes that end in this batch."""
        if "exit_code" not in part.schema.names:
            return
        exits = part.filter(pc.equal(part.column("operation").cast(pa.string()), "exit"))
        for row in self._rows.values():
            mine = (
                exits.filter(pc.equal(exits.column("process_key"), row["root_key"]))
                if row["root_key"] is not None
                else exits.slice(0, 0)
            )
            if mine.num_rows:
                number = _first(mine, "signal")
                row["exit_code"] = 128 + number if number else _first(mine, "exit_code")

    def _begun(self, part: pa.RecordBatch, group: Mapping[str, Any]) -> dict[str, Any]:
        mine = part.filter(pc.equal(part.column("agent_run").cast(pa.string()), group["run"]))
        execs = mine.filter(pc.equal(mine.column("operation").cast(pa.string()), "exec"))
        root = execs if execs.num_rows else mine
        return {
            "run": group["run"], "state": "ended", "started": group["time_min"] // 1000, "source": self._source,
            **{name: _first(mine, name) for name in ("host", "boot_id", "agent", "user")},
            "command": _first(root, "cmdline"), "cwd": _first(root, "cwd"), "cgroup": _first(root, "cgroup"),
            "root_key": _first(root, "process_key"), "root_pid": _first(root, "pid"),
            "policy": self._judgement.policy, "policy_version": self._judgement.version,
            "mode": "audit" if self._judgement.judging else "none", "events": 0, "denied": 0, "lost": 0,
        }  # fmt: skip


def _unjudged(part: pa.RecordBatch, versions: Sequence[str]) -> pa.RecordBatch:
    """Without what another policy said and what was done about it.

    What the same policy said stays: the sensor knows more than the rows do (a hard link to a
    denied file has a path that no rule names), and the judge keeps the stronger of two verdicts.
    """
    if "policy_version" not in part.schema.names:
        return part.select([n for n in part.schema.names if n not in _JUDGED])
    same = pc.is_in(part.column("policy_version").cast(pa.string()), pa.array(versions, pa.string()))
    if pc.all(same).as_py():
        return part
    rows = pc.if_else(same, pa.array(np.arange(part.num_rows)), None)
    columns = {n: part.column(n).take(rows) if n in _JUDGED else part.column(n) for n in part.schema.names}
    return schema.batch("activity", columns)


def _more(kept: pa.Table, rows: pa.RecordBatch) -> pa.Table:
    room = KEPT_DENIED - kept.num_rows
    return pa.concat_tables([kept, schema.conform(rows.slice(0, room), "activity")]) if room and rows.num_rows else kept


def _is_denied(part: pa.RecordBatch) -> pa.Array:
    if "verdict" not in part.schema.names:
        return pa.repeat(0, part.num_rows)
    return pc.is_in(part.column("verdict").cast(pa.string()), pa.array(verdicts.DENIED)).cast(pa.int64())


def _first(part: pa.RecordBatch | None, name: str) -> Any:
    """The first value of a column that is not NULL; ``None`` where there is none."""
    if part is None or name not in part.schema.names:
        return None
    values = part.column(name).drop_null()
    return values[0].as_py() if len(values) else None
