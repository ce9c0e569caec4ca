"""What ``lictor replay`` is given: traces, the policies to judge them by, and the verdicts expected.

A recorded session is a folder with ``trace.parquet``, ``policy.yaml`` and ``expected.json``;
a trace alone is a file. Everything is read and checked before the first row is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.replay.traces import TraceCollector
from lictor import replaying, verdicts
from lictor.errors import LictorError
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import read_policies

if TYPE_CHECKING:
    from lictor.replaying import Judgement, Outcome, Sink, Where
    from pipeline.policy.model import Policy

TRACE, POLICY, EXPECTED = "trace.parquet", "policy.yaml", "expected.json"


@dataclass(frozen=True)
class Session:
    """One trace and what belongs to it; ``expected`` is where expected verdicts are read from or written to."""

    trace: Path
    policies: tuple[Path, ...] = ()
    expected: Path | None = None


@dataclass
class Replayed:
    """What came of one session. ``differences`` is ``None`` where nothing was expected."""

    session: Session
    where: Where
    outcome: Outcome
    policy: str | None
    out_of_scope: tuple[str, ...] = ()
    differences: list[dict[str, Any]] | None = None


def sessions(files: Sequence[Path], policies: Sequence[Path], expect: Path | None) -> list[Session]:
    """One session per file or folder; policies and expectations given by name lead over those of a folder.

    Raises ``LictorError`` where ``expect`` is given for several traces.
    """
    if expect is not None and len(files) > 1:
        raise LictorError("--expect belongs to one trace; give several as folders, each with its expected.json")
    found = [_session(path) for path in files]
    return [replace(s, policies=tuple(policies) or s.policies, expected=expect or s.expected) for s in found]


def read_sums(session: Session) -> verdicts.Sums | None:
    """The expected verdicts, or ``None`` where none are; raises ``LictorError``."""
    if session.expected is None:
        return None
    try:
        text = session.expected.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise LictorError(
            f"{session.expected}: cannot be read: {why}; write it with lictor replay --write-expected"
        ) from error
    return verdicts.read_expected(text, str(session.expected))


@contextmanager
def opened(session: Session) -> Iterator[TraceCollector]:
    """The session's trace, open; raises ``CollectorError``."""
    collector = TraceCollector(session.trace)
    collector.open()
    try:
        yield collector
    finally:
        collector.close()


def survey(session: Session) -> set[str]:
    """The runs of a trace. Reads it to its end, so that a damaged one is refused before anything is written."""
    found: set[str] = set()
    with opened(session) as collector:
        for part in collector.batches(lambda: False):
            if "agent_run" in part.schema.names:
                found.update(part.column("agent_run").unique().drop_null().to_pylist())
    return found


def play(
    session: Session,
    overrides: Mapping[str, str],
    sink: Sink | None = None,
    progress: replaying.Progress = replaying.quiet,
) -> Replayed:
    """Judge one session; raises ``CollectorError``, ``PolicyError`` or ``LictorError`` before a row is written."""
    policies = read_policies(session.policies)
    with opened(session) as collector:
        where, batches = replaying.start(collector, overrides)
        judgement, out_of_scope = _judgement(policies, where)
        outcome = replaying.replay(batches, judgement, sink=sink, progress=progress)
        if sink is not None:
            sink("coverage", collector.health())
    return Replayed(session, where, outcome, judgement.policy, out_of_scope)


def _judgement(policies: Sequence[Policy], where: Where) -> tuple[Judgement, tuple[str, ...]]:
    if not policies:
        return replaying.Judgement(), ()
    context = RunContext(where.workspace, where.home, where.env, where.user, where.host, where.agent)
    program = compile_policies(policies, context)
    versions = tuple(layer.version for layer in program.layers)
    return replaying.Judgement(
        replaying.judging(program), program.name, program.version, versions
    ), program.out_of_scope


def _session(path: Path) -> Session:
    if not path.is_dir():
        return Session(path)
    policy, expected = path / POLICY, path / EXPECTED
    if not (path / TRACE).exists():
        raise LictorError(f"{path}: no {TRACE} in this folder; give a trace file or the folder of a recorded session")
    return Session(path / TRACE, (policy,) if policy.exists() else (), expected if expected.exists() else None)
