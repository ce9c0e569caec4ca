"""DuckDB over a snapshot of a lake: what a query can name, and how its rows come out.

Only the query worker imports this, after it is locked down; the settings here are the second
line of defence, not the first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.dataset  # DuckDB imports it when it first sees an Arrow table; locked down, that is too late

from pipeline import schema
from pipeline.lake.errors import QueryError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pipeline.lake.segments import Segment
    from pipeline.lake.snapshot import Snapshot

_LOGS = {"runs": "run_log", "requests": "request_log"}
"""Tables with a row for each state: their own names are left to views that show the latest one."""

UNCOUNTED = "activity_uncounted"
"""Rows of ``activity`` that are in no ``activity_hours`` yet: those of logs, and of segments from before there was one."""

BASE_TABLES = {_LOGS.get(t, t): t for t in schema.TABLES} | {UNCOUNTED: "activity"}
"""Table of each SQL name."""

BY_TIME = frozenset({"activity", "activity_hours", "coverage"})
"""Tables that are large, and asked for a span of time: only their segments that reach into it are opened."""

_READING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
_ASKS_WHAT_THERE_IS = re.compile(
    r"\b(show|describe|summarize|information_schema|duckdb_\w+|pragma\w*|sqlite_\w+|pg_\w+)\b", re.IGNORECASE
)
_BATCH_ROWS = 50_000
_HOUR_US = 3_600_000_000


def connect(root: Path, memory: int) -> duckdb.DuckDBPyConnection:
    """An in-memory database that may open the lake's tables and nothing else; ``memory`` in bytes."""
    folders = ", ".join(_quoted(f"{root / t}/") for t in schema.TABLES)
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory}B", "temp_directory": "", "max_temp_directory_size": "0B",
            "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
            "allow_community_extensions": "false", "allow_persistent_secrets": "false",
            "python_enable_replacements": "false",
        },
    )  # fmt: skip
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET allowed_directories = [{folders}]")
    connection.execute("SET enable_external_access = false")
    return connection


def define(connection: duckdb.DuckDBPyConnection, root: Path, taken: Snapshot, views: Mapping[str, str]) -> None:
    """Create the base tables and the views, then lock the settings. Raises ``QueryError`` for a broken view."""
    for table in schema.TABLES:
        connection.register(live_name(table), live_rows(table, taken.live.get(table, [])))
    for name, table in BASE_TABLES.items():
        own = uncounted(taken.segments) if name == UNCOUNTED else taken.segments
        connection.execute(f"CREATE VIEW {name} AS {base_query(root, table, own, live_name(table))}")
    for name, sql in views.items():
        try:
            connection.execute(f"CREATE VIEW {_named(name)} AS {sql}")
        except duckdb.ProgrammingError as error:
            raise QueryError(f"view {name}: {one_line(str(error))}") from error
    connection.execute("SET lock_configuration = true")


def live_name(table: str) -> str:
    """What rows of logs are registered as."""
    return f"_live_{table}"


def uncounted(segments: Iterable[Segment]) -> list[Segment]:
    """Segments of ``activity`` without a segment of ``activity_hours`` beside them: from before those came, or theirs is damaged."""
    listed = list(segments)
    counted = {s.path.partition("/")[2] for s in listed if s.table == "activity_hours"}
    return [s for s in listed if s.table == "activity" and s.path.partition("/")[2] not in counted]


def within(segments: Iterable[Segment], span: tuple[int, int] | None) -> list[Segment]:
    """Segments that may hold rows of a span of time (µs since 1970, the end not in it); all that are not asked by time."""
    if span is None:
        return list(segments)
    since, until = span
    return [s for s in segments if s.table not in BY_TIME or _reaches(s, since, until)]


def _reaches(segment: Segment, since: int, until: int) -> bool:
    if segment.first_time is None or segment.last_time is None:
        return True
    # An hour is in a span that begins in the middle of it, an interval of coverage in one that ends in the middle of it.
    slack = 0 if segment.table == "activity" else _HOUR_US
    return segment.last_time + slack >= since and segment.first_time - slack < until


def base_query(root: Path, table: str, segments: Iterable[Segment], *more: str) -> str:
    """SQL of a base table: rows of the segments, and of ``more`` tables that are in memory, as one.

    Files with the same columns are one scan, of which only the first file's footer is read to
    plan; files of an older schema are another one, and columns that they lack become NULL.

    What is newest comes first: DuckDB reads in this order, and a question for the latest rows then knows early how old a row
    may be at most, and passes over files of which none is so new. Oldest first, it would read all columns of every file.
    """
    groups: dict[str, list[str]] = {}
    for segment in sorted((s for s in segments if s.table == table), key=_latest, reverse=True):
        groups.setdefault(segment.columns, []).append(_quoted(f"{root}/{segment.path}"))
    scans = [f"FROM {name}" for name in more if name]
    scans += [f"FROM read_parquet([{', '.join(g)}], hive_partitioning = false)" for g in groups.values()]
    columns = ", ".join(map(_named, schema.lake_schema(table).names))
    return f"SELECT {columns} FROM ({' UNION ALL BY NAME '.join(scans)})"  # noqa: S608  # every part is quoted above


def _latest(segment: Segment) -> float:
    """Time of a segment's last row; one without times may hold anything."""
    return float("inf") if segment.last_time is None else segment.last_time


def live_rows(table: str, parts: Sequence[pa.Table]) -> pa.Table:
    """Tidy rows of the logs, with every column of the table.

    Strings stay dictionary-encoded: DuckDB reads those as VARCHAR, and a full log as plain text
    would take ten times the memory.
    """
    want = schema.memory_schema(table)
    some = pa.concat_tables(parts, promote_options="default") if parts else pa.table({})
    present = set(some.schema.names)
    absent = {t: pa.nulls(some.num_rows, t) for t in {f.type for f in want}}  # one for all columns of a type
    columns = [some[f.name] if f.name in present else absent[f.type] for f in want]
    return pa.table(columns, schema=want)


def needed_views(sql: str, views: Mapping[str, str]) -> dict[str, str]:
    """The views that a query may mean, in the given order; all of them for one that asks what there is.

    Creating a view plans it, which reads footers: those that no word of the query names are left out.
    """
    if asks_what_there_is(sql):
        return dict(views)
    wanted, text = set(), sql
    for name in reversed(list(views)):
        if mentions(text, name):
            wanted.add(name)
            text += " " + views[name]
    return {n: s for n, s in views.items() if n in wanted}


def asks_what_there_is(sql: str) -> bool:
    """Whether a query may be about names themselves, so that all of them have to be there."""
    return _ASKS_WHAT_THERE_IS.search(sql) is not None


def mentions(text: str, name: str) -> bool:
    """Whether a name stands somewhere in SQL as a word; also in a string or a comment, which does no harm."""
    return re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE) is not None


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, limit: int | None, max_bytes: int) -> pa.Table:
    """Rows of one SELECT or EXPLAIN, at most ``limit``; raises ``QueryError`` for other statements and too many bytes."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type not in _READING:
        kinds = ", ".join(s.type.name for s in statements) or "nothing"
        raise QueryError(f"one SELECT or EXPLAIN is allowed, this is {kinds}: the lake is read-only")
    reader = connection.sql(sql).to_arrow_reader(_BATCH_ROWS)
    try:
        return _whole_numbers(pa.Table.from_batches(_bounded(reader, limit, max_bytes), reader.schema))
    finally:
        reader.close()  # a result that is not read to its end keeps the connection from any other question


def _bounded(batches: Iterable[pa.RecordBatch], limit: int | None, max_bytes: int) -> Iterator[pa.RecordBatch]:
    left, size = limit, 0
    for batch in batches:
        part = batch if left is None else batch.slice(0, left)
        size += part.nbytes
        if size > max_bytes:
            raise QueryError(f"the result is larger than {max_bytes >> 20} MiB: add a LIMIT, fewer columns, or count")
        yield part
        if left is not None:
            left -= part.num_rows
            if left <= 0:
                return


def _whole_numbers(table: pa.Table) -> pa.Table:
    """Sums of BIGINT come as 128-bit decimals; those that fit become int64, which every reader knows."""
    columns = [_whole(c) for c in table.columns]
    return pa.Table.from_arrays(columns, names=table.schema.names)


def _whole(column: Any) -> Any:
    if pa.types.is_decimal(column.type) and column.type.scale == 0:
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:
            return column
    return column


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
