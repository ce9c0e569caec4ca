"""One pass: what is new since the last one, through every detector, into ``findings``; exactly once.

The order is what makes it so: findings to the outbox, then the feed's commit, then findings to the lake. A crash
anywhere leaves either a pass that is done again as if it had never begun, or findings that the next start delivers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from lictor.detecting.outbox import Outbox
from pipeline.detect.findings import batch, finding_rows
from pipeline.detect.interface import NARROW, Context, Detector
from pipeline.lake.errors import QueryError
from pipeline.lake.feed import Piece, Position
from pipeline.schema import TABLES

MAX_ROWS = 1_000_000
"""New rows that are committed together; a backlog is worked off in such groups."""
SLICE_ROWS = 350_000
"""Rows of them that are held in full: about 500 bytes each, and as much again while they are looked at."""

FEED = "detect"
_IDS = 5_000
_AHEAD = 2
"""Slices that are in memory at once."""


class Source(Protocol):
    """``pipeline.lake.feed.Feed`` as a pass uses it."""

    @property
    def commits(self) -> int:
        """Number of the last commit."""

    @property
    def folder(self) -> Path:
        """The feed's own folder."""

    def read(self) -> Iterator[Piece]:
        """What is new."""

    def commit(self, position: Position) -> None:
        """Everything up to here is dealt with."""


@dataclass(frozen=True)
class Passed:
    """What a pass came to: rows looked at, and the new findings (rows of ``findings``)."""

    rows: int
    findings: list[dict[str, Any]]


class Detecting:
    """Passes over one lake. ``write`` takes rows of ``findings`` and makes them durable."""

    def __init__(
        self, feed: Source, context: Context, detectors: Sequence[Detector], write: Callable[[pa.Table], None],
        stop: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._feed, self._context, self._detectors, self._write, self._stop = feed, context, detectors, write, stop
        self._outbox = Outbox(feed.folder)
        self._about = {d.id: d for detector in detectors for d in detector.detections}

    def settle(self) -> int:
        """Deliver what a crash left in the outbox; returns how many findings that were. Raises ``LakeError``."""
        left = self._outbox.left(self._feed.commits)
        new = 0
        if left is not None:
            known = self._known(left["id"].to_pylist())
            missing = [r for r in left.to_pylist() if r["id"] not in known]
            new = len(missing)
            if missing:
                self._write(batch(missing))
        self._outbox.clear()
        return new

    def run(self) -> Passed:
        """Everything that is new by now, or up to when ``stop`` says so. Raises ``LakeError``; then the rest stays new."""
        rows, findings, pieces = 0, [], _Pieces(self._feed.read())
        while pieces.more and not (rows and self._stop()):
            hits, count, position = self._group(pieces)
            findings += self._conclude(hits, position)
            rows += count
        return Passed(rows, findings)

    def _group(self, pieces: _Pieces) -> tuple[list[pa.Table], int, Position]:
        """Hits in as many new rows as are committed together, their number, and where they end.

        While detectors look at one slice the next one is read; those that ask the lake wait for another process meanwhile.
        """
        hits: list[pa.Table] = []
        kept: list[Mapping[str, pa.Table]] = []
        count, last = 0, False
        with ThreadPoolExecutor(_AHEAD * max(1, len(self._detectors)), "detect") as pool:
            at_work: deque[list[Future[list[pa.Table]]]] = deque()
            while not last:
                some, position = pieces.take(min(SLICE_ROWS, MAX_ROWS - count))
                fresh = _by_table(some)
                count += sum(r.num_rows for r in fresh.values())
                last = count >= MAX_ROWS or not pieces.more
                kept.append(fresh if last and not kept else _narrow(fresh))
                at_work.append([pool.submit(self._look, d, fresh) for d in self._detectors if not d.whole])
                if last:
                    everything = _by_table((t, r) for tables in kept for t, r in tables.items())
                    at_work.append([pool.submit(self._look, d, everything) for d in self._detectors if d.whole])
                while at_work and (last or len(at_work) >= _AHEAD):
                    hits += [h for look in at_work.popleft() for h in look.result()]
        return hits, count, position

    def _look(self, detector: Detector, fresh: Mapping[str, pa.Table]) -> list[pa.Table]:
        return list(detector.detect(fresh, self._context))

    def _conclude(self, hits: Sequence[pa.Table], position: Position) -> list[dict[str, Any]]:
        """Commit the rows and write the findings; returns those that are new."""
        found = finding_rows(hits, self._about)
        known = self._known([r["id"] for r in found])
        new = [r for r in found if r["id"] not in known]
        if new:
            self._outbox.put(batch(new), self._feed.commits)
        self._feed.commit(position)
        if new:
            self._write(batch(new))
            self._outbox.clear()
        return new

    def _known(self, ids: Sequence[str]) -> set[str]:
        """Those of the ids that the lake has: matches that were found before they were complete with a later row."""
        sqls = {
            str(start): f"SELECT id FROM findings WHERE id IN ({', '.join(map(_quoted, ids[start : start + _IDS]))})"  # noqa: S608 - hexadecimal, and quoted
            for start in range(0, len(ids), _IDS)
        }
        known: set[str] = set()
        for found in self._context.query_all(sqls, skip_damaged=True).values() if sqls else ():
            if isinstance(found, QueryError):
                raise found
            known.update(found["id"].to_pylist())
        return known


def tables_of(detectors: Sequence[Detector]) -> list[str]:
    """The tables to follow, in the order of the schema."""
    wanted = frozenset({"activity"}.union(*(d.tables for d in detectors)))
    return [t for t in TABLES if t in wanted]


class _Pieces:
    """The pieces of a reading, with a look ahead."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._next = next(pieces, None)

    @property
    def more(self) -> bool:
        """Whether there is another piece."""
        return self._next is not None

    def take(self, rows: int) -> tuple[list[tuple[str, pa.Table]], Position]:
        """At least one piece, until there are so many rows: table and rows of each, and where they end."""
        taken: list[tuple[str, pa.Table]] = []
        count = 0
        while self._next is not None and (not taken or count < rows):
            piece, self._next = self._next, next(self._pieces, None)
            taken.append((piece.table, piece.rows))
            count += piece.rows.num_rows
            position = piece.position
        return taken, position


def _narrow(fresh: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """What is kept of a slice while the next ones are looked at."""
    return {t: r.select(NARROW) if t == "activity" else r for t, r in fresh.items()}


def _by_table(parts: Iterable[tuple[str, pa.Table]]) -> dict[str, pa.Table]:
    tables: dict[str, list[pa.Table]] = {}
    for table, rows in parts:
        tables.setdefault(table, []).append(rows)
    return {t: pa.concat_tables(r) for t, r in tables.items()}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
