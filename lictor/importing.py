"""Recorded files of Windows taken into a lake: reader → run → judge → rows, and an account of every record.

Each file is a run of its own, named by the file's content, so that the same file is not counted twice and a policy
judges its rows. A file that cannot be read at all keeps no other one from being imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.interface import CollectorError
from collectors.replay.imported import Counts
from collectors.replay.opening import Recorded, reader
from lictor import replaying, verdicts
from lictor.replaying import Judgement, Outcome, Sink
from pipeline import schema
from pipeline.flow import started_programs
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.model import Policy

Done = Callable[[int], None]
"""Is told how many more bytes of a file have been read."""


@dataclass(frozen=True)
class Where:
    """What the person says of the recorded machine; what is empty is not told."""

    host: str = ""
    agent: str = ""
    workspace: str = ""
    home: str = ""
    user: str = ""


@dataclass
class Imported:
    """What came of one file. ``refused`` is why it could not be read at all."""

    path: Path
    run: str = ""
    counts: Counts = field(default_factory=Counts)
    outcome: Outcome = field(default_factory=Outcome)
    refused: str = ""
    policy: str | None = None
    known: bool = False
    """The lake has its rows already: it was read and counted, and nothing was written."""


def run_of(identity: str) -> str:
    """The name of the run that a file becomes."""
    return f"import-{identity}"


@contextmanager
def opened(path: Path) -> Iterator[Recorded]:
    """A file's reader, open; raises ``CollectorError``."""
    collector = reader(path)
    collector.open()
    try:
        yield collector
    finally:
        collector.close()


def runs(paths: Sequence[Path]) -> tuple[dict[Path, str], dict[Path, str]]:
    """The run of each file that can be read, and why each of the others cannot."""
    found: dict[Path, str] = {}
    refused: dict[Path, str] = {}
    for path in paths:
        try:
            with opened(path) as collector:
                found[path] = run_of(collector.identity)
        except CollectorError as error:
            refused[path] = str(error)
    return found, refused


def import_file(
    path: Path, policies: Sequence[Policy], where: Where, sink: Sink, done: Done = replaying.quiet
) -> Imported:
    """Read a file to its end, and write its rows; raises ``CollectorError``, ``PolicyError``."""
    with opened(path) as collector:
        made = Imported(path, run_of(collector.identity), collector.counts)
        judgement = _judgement(policies, where)
        batches = _batches(collector, made.run, where, done)
        made.outcome = replaying.replay(
            batches, judgement, sink=_with_programs(collector, made.run, sink), source=collector.name
        )
        sink("coverage", collector.health())
        _programs(collector, made.run, sink)
        made.policy = judgement.policy
        done(collector.size - collector.counts.done)
    return made


def _batches(collector: Recorded, run: str, where: Where, done: Done) -> Iterator[pa.RecordBatch]:
    """The collector's batches with run, agent and, where a file does not tell it, host."""
    before = 0
    for part in collector.batches(lambda: False):
        columns = dict(zip(part.schema.names, part.columns, strict=True))
        columns |= {
            name: _all(value, part.num_rows) for name, value in (("agent_run", run), ("agent", where.agent)) if value
        }
        if where.host:
            columns["host"] = _all(where.host, part.num_rows)
        yield schema.batch("activity", columns)
        done(collector.counts.done - before)
        before = collector.counts.done


def _all(value: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([value]))


def _with_programs(collector: Recorded, run: str, sink: Sink) -> Sink:
    """Rows of ``processes`` beside those of ``activity``: what started, and what ran before."""

    def write(table: str, rows: pa.RecordBatch | pa.Table) -> None:
        sink(table, rows)
        if table == "activity" and isinstance(rows, pa.RecordBatch):
            _programs(collector, run, sink)
            started = started_programs(rows) if "errno" in rows.schema.names else None
            if started is not None:
                sink("processes", started)

    return write


def _programs(collector: Recorded, run: str, sink: Sink) -> None:
    for table in collector.processes:
        named = table.append_column("agent_run", pa.repeat(pa.scalar(run), table.num_rows))
        sink("processes", schema.conform(named, "processes"))
    collector.processes.clear()


def _judgement(policies: Sequence[Policy], where: Where) -> Judgement:
    """Folders are those of a Windows user unless others are given; patterns have slashes."""
    if not policies:
        return Judgement()
    user = where.user or "user"
    home = (where.home or f"C:\\Users\\{user}").replace("\\", "/")
    workspace = (where.workspace or home).replace("\\", "/")
    program = compile_policies(policies, RunContext(workspace, home, {}, user, where.host, where.agent))
    return Judgement(
        replaying.judging(program), program.name, program.version, tuple(layer.version for layer in program.layers)
    )


def denied(outcome: Outcome) -> int:
    """Rows that the policy denies or worse."""
    return sum(outcome.runs.column("denied").to_pylist()) if outcome.runs.num_rows else 0


def summary(files: Sequence[Imported], lake: Path) -> dict[str, Any]:
    """One object that accounts for every record of all files."""
    total = [f.counts for f in files]
    object_: dict[str, Any] = {
        name: sum(_count(c, name) for c in total)
        for name in ("records", "decoded", "own", "malformed", "lost", "buffers_lost", "missing_buffers")
    }
    object_["rows"] = sum(_rows(f) for f in files)
    object_["unknown"] = _unknown(total)
    object_["unknown_records"] = sum(c.unknown.total() for c in total)
    object_["errors"] = [error for f in files for error in _errors(f)]
    object_["error_count"] = sum(f.counts.problem_count + bool(f.refused) for f in files)
    if any(f.policy for f in files):
        object_["denied"] = sum(denied(f.outcome) for f in files)
        object_["verdicts"] = _verdicts(files)
    object_["lake"] = str(lake)
    object_["files"] = [_one(f) for f in files]
    return object_


def _count(counts: Counts, name: str) -> int:
    if name == "malformed":
        return counts.tally.malformed.total()
    return int(getattr(counts.tally if name in ("decoded", "own") else counts, name))


def _unknown(total: Sequence[Counts]) -> list[dict[str, Any]]:
    """By provider, id (opcode of a classic event) and version, the most frequent first."""
    sums: dict[tuple[str, int, int], int] = {}
    for counts in total:
        for key, n in counts.unknown.items():
            sums[key] = sums.get(key, 0) + n
    order = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    return [{"provider": p, "id": i, "version": v, "count": n} for (p, i, v), n in order]


def _rows(f: Imported) -> int:
    return 0 if f.known else f.counts.rows


def _errors(one: Imported) -> list[dict[str, Any]]:
    if one.refused:
        return [{"file": str(one.path), "offset": 0, "error": one.refused.removeprefix(f"{one.path}: ")}]
    return [{"file": str(one.path), "offset": p.offset, "error": p.text} for p in one.counts.problems]


def _verdicts(files: Sequence[Imported]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for one in files:
        for key, n in one.outcome.sums.items():
            verdict = key[verdicts.KEYS.index("verdict")] or "none"
            found[verdict] = found.get(verdict, 0) + n
    return found


def _one(f: Imported) -> dict[str, Any]:
    names = ("records", "decoded", "own", "malformed", "lost")
    return {
        "file": str(f.path),
        "run": f.run,
        **{n: _count(f.counts, n) for n in names},
        "rows": _rows(f),
        "known": f.known,
        "unknown": f.counts.unknown.total(),
    }
