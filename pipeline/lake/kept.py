"""Small tables in the memory of a standing worker: two thousand segments of a few rows each are slow to ask and quick to hold.

A file costs a question 0.2 to 0.5 ms however little is in it. So rows of tables that are small as a whole are taken into DuckDB
once, and later only what is new; a table that has grown beyond its share of the memory is asked from its files as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import duckdb

from pipeline import schema
from pipeline.lake import engine
from pipeline.lake.segments import Segment

NEVER = frozenset({"activity"})
"""Tables that are asked by a span of time anyway."""
SHARE = 4
"""Kept rows may take one part in so many of the memory."""
_LAST = frozenset({"coverage", "processes"})
"""Tables with more rows than others, which fewer questions read."""
STEP_FILES = 50
"""Files that are taken in between two questions: some tens of milliseconds."""
_VALUE_BYTES = 20
"""What one value takes, measured over counts by the hour."""


class Kept:
    """Tables in memory on behalf of ``connection``, with at most a share of ``memory`` bytes for all of them together.

    Methods take ``segments``, which are all of a table's as far as they are whole.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, root: Path, memory: int) -> None:
        self._connection, self._root = connection, root
        self._room = memory // SHARE
        self._held: dict[str, set[str]] = {}  # paths of segments
        self._sizes: dict[str, int] = {}
        self._failed: dict[str, Sequence[Segment]] = {}

    def keeps(self, table: str, segments: Sequence[Segment]) -> bool:
        """Whether a table is asked from memory now: to take in many files takes longer than to ask them once."""
        return self._fits(table, segments) and len(self._missing(table, segments)) <= STEP_FILES

    def name(self, table: str, segments: Sequence[Segment]) -> str:
        """Name of a table that has the rows of these segments now; empty where it is not kept. Raises what DuckDB raises."""
        if not self.keeps(table, segments):
            return ""
        self._take(table, self._missing(table, segments))
        return _name(table) if table in self._held else ""

    def step(self, of: Callable[[str], Sequence[Segment]]) -> bool:
        """Take in a few segments before anybody asks for them; ``of`` gives those of a table. False when nothing is missing."""
        for table in sorted(schema.TABLES, key=_LAST.__contains__):
            segments = of(table)
            if not self._fits(table, segments):
                self._forget(table)
            elif self._failed.get(table) is not segments and (missing := self._missing(table, segments)):
                self._take_ahead(table, segments, missing[:STEP_FILES])
                return True
        return False

    def _fits(self, table: str, segments: Sequence[Segment]) -> bool:
        others = sum(size for t, size in self._sizes.items() if t != table)
        return table not in NEVER and others + _bytes(table, (s.rows for s in segments)) <= self._room

    def _take_ahead(self, table: str, segments: Sequence[Segment], missing: Sequence[Segment]) -> None:
        try:
            self._take(table, missing)
        except duckdb.Error:  # whoever asks will be told, and not tried again before something has changed
            self._failed[table] = segments

    def _missing(self, table: str, segments: Sequence[Segment]) -> list[Segment]:
        """Segments that are not in memory yet; a table that holds one that is not to be read any more begins anew."""
        held = self._held.get(table, set())
        if not held <= {s.path for s in segments}:
            self._forget(table)
            held = set()
        return [s for s in segments if s.path not in held]

    def _take(self, table: str, segments: Sequence[Segment]) -> None:
        """Rows of some segments into memory, all or none of them."""
        if not segments:
            return
        scan = engine.base_query(self._root, table, segments)
        how = f"INSERT INTO {_name(table)}" if table in self._held else f"CREATE OR REPLACE TABLE {_name(table)} AS"
        self._connection.execute(f"{how} {scan}")
        self._held.setdefault(table, set()).update(s.path for s in segments)
        self._sizes[table] = self._sizes.get(table, 0) + _bytes(table, (s.rows for s in segments))

    def _forget(self, table: str) -> None:
        if self._held.pop(table, None) is not None:
            del self._sizes[table]
            self._connection.execute(f"DROP TABLE {_name(table)}")


def _name(table: str) -> str:
    return f"_kept_{table}"


def _bytes(table: str, rows: Iterable[int]) -> int:
    """How much memory so many rows take, about."""
    return sum(rows) * len(schema.TABLES[table]) * _VALUE_BYTES
