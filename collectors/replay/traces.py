"""Recorded traces: Parquet files of the activity schema, played back as the batches they once were.

This is the second implementation of ``Collector``. It needs no privileges, so tests, the
demo and ``lictor replay`` run everywhere on what ``lictor run`` recorded elsewhere.
Row groups are read one at a time and given out in order of ``time_ns`` over the whole file:
rows are held back only as long as a later row group may still bring an older one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collectors.interface import Collector, CollectorError
from collectors.replay.context import context_of
from pipeline import schema

BATCH_ROWS = 65_536
REQUIRED = ("time_ns", "class", "operation")
_TYPES = {c.name: schema.memory_type(c) for c in schema.ACTIVITY}
_CLASSES = tuple(dict.fromkeys(o.activity_class for o in schema.OPERATIONS if not o.windows_only))
"""Those that every source of a system is looking at; of others a trace is only known to have what is in it."""
_EARLIEST, _LATEST = -(2**63), 2**63 - 1
_FAMILIES: dict[str, tuple[Callable[[pa.DataType], bool], ...]] = {
    "text": (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    "int": (pa.types.is_integer,),
    "time": (pa.types.is_timestamp,),
    "float": (pa.types.is_floating,),
}


class TraceCollector(Collector):
    """Plays one trace file back, as fast as the caller takes it.

    ``rows`` is the number of rows in the file (for progress), ``context`` what the recorder
    noted about the run (see ``collectors.replay.context``); both are there after ``open``.
    """

    name = "replay"

    def __init__(self, path: Path, *, batch_rows: int = BATCH_ROWS) -> None:
        """Raises ``ValueError`` for a batch size below one."""
        if batch_rows < 1:
            raise ValueError(f"batch_rows is {batch_rows}, want at least 1")
        self.path = path
        self.rows = 0
        self.context: Mapping[str, Any] = {}
        self._batch_rows = batch_rows
        self._file: pq.ParquetFile | None = None
        self._health = _Health()

    def open(self) -> None:
        """Raises ``CollectorError`` for a file that is missing, damaged or no trace."""
        try:
            file = _parquet_file(self.path)
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:  # the last: a damaged name in the footer
            raise CollectorError(f"{self.path}: {_reason(self.path, error)}") from error
        try:
            _check_columns(self.path, file.schema_arrow)
            self.context = context_of(file.schema_arrow.metadata)
        except UnicodeDecodeError as error:
            file.close()
            raise CollectorError(f"{self.path}: {_reason(self.path, error)}") from error
        except BaseException:
            file.close()
            raise
        self._file, self.rows = file, file.metadata.num_rows

    def batches(self, done: Callable[[], bool]) -> Iterator[pa.RecordBatch]:
        """Sparse batches of at most ``batch_rows`` rows; columns that are NULL throughout are left out.

        Raises ``CollectorError`` where the file turns out to be damaged further on.
        """
        if self._file is None:
            raise CollectorError(f"{self.path}: the trace is not open; call open() first")
        for table in _in_order(self._row_groups(self._file, done)):
            for part in table.to_batches(max_chunksize=self._batch_rows):
                self._health.count(part)
                yield _sparse(part)

    def health(self) -> pa.RecordBatch:
        """One ``coverage`` row per class; a file loses nothing, so what was read was delivered."""
        return self._health.rows()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _row_groups(self, file: pq.ParquetFile, done: Callable[[], bool]) -> Iterator[tuple[pa.Table, int]]:
        """Row groups by their oldest row, each with the oldest ``time_ns`` that is still to come."""
        order = sorted(_oldest_of_row_groups(file.metadata))
        to_come = [oldest for oldest, _ in order[1:]] + [_LATEST]
        for (_, group), next_oldest in zip(order, to_come, strict=False):
            if done():
                return
            yield _read_group(self.path, file, group), next_oldest


class _Health:
    """Counts what was delivered, for ``coverage``; numbers are the replay's own, from 1, per class."""

    def __init__(self) -> None:
        self._delivered = dict.fromkeys(_CLASSES, 0)
        self._reported = dict.fromkeys(_CLASSES, 0)
        self._span: tuple[int | None, int | None] = (None, None)
        self._host: tuple[str | None, str | None] = (None, None)

    def count(self, part: pa.RecordBatch) -> None:
        for row in part.column("class").value_counts().to_pylist():
            self._delivered[row["values"]] = self._delivered.get(row["values"], 0) + row["counts"]
        times = part.column("time_ns")
        since = self._span[0]
        self._span = (times[0].as_py() if since is None else since, times[-1].as_py())
        if self._host == (None, None):
            self._host = (_first(part, "host"), _first(part, "boot_id"))

    def rows(self) -> pa.RecordBatch:
        since, until = self._span
        rows = [
            {
                "host": self._host[0], "boot_id": self._host[1], "source": TraceCollector.name, "cpu": None,
                "class": name, "reason": "none",
                "since": since and since // 1000, "until": until and until // 1000,
                "first_seq": self._reported.get(name, 0) + 1, "last_seq": total,
                "emitted": total - self._reported.get(name, 0), "delivered": total - self._reported.get(name, 0), "lost": 0,
            }
            for name, total in self._delivered.items()
        ]  # fmt: skip
        self._reported, self._span = dict(self._delivered), (until, until)
        return pa.RecordBatch.from_pylist(rows, schema=schema.memory_schema("coverage"))


def _in_order(groups: Iterator[tuple[pa.Table, int]]) -> Iterator[pa.Table]:
    """Sort over row groups: what is not newer than anything still to come may go."""
    held: list[pa.Table] = []
    for group, to_come in groups:
        held.append(group)
        if min(_oldest(part) for part in held) > to_come:
            continue
        rows = _sorted(pa.concat_tables(held).combine_chunks())
        ready = int(np.searchsorted(_times(rows), to_come, side="right"))
        yield rows.slice(0, ready)
        held = [rows.slice(ready)] if ready < rows.num_rows else []
    if held:
        yield _sorted(pa.concat_tables(held).combine_chunks())


def _sorted(table: pa.Table) -> pa.Table:
    """By ``time_ns``, rows of one nanosecond in the order of the file (Arrow's sort is stable)."""
    times = _times(table)
    if np.all(times[1:] >= times[:-1]):
        return table
    return table.take(pc.sort_indices(table.column("time_ns"))).combine_chunks()


def _times(table: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    times: np.ndarray[Any, np.dtype[np.int64]] = table.column("time_ns").to_numpy()
    return times


def _oldest(table: pa.Table) -> int:
    return int(pc.min(table.column("time_ns")).as_py())


def _parquet_file(path: Path) -> pq.ParquetFile:
    """Opened so that text arrives as dictionaries, and page checksums are verified where the writer left any."""
    metadata = pq.read_metadata(path)
    text = [
        f.name
        for f in metadata.schema.to_arrow_schema()
        if _TYPES.get(f.name) == schema.DICTIONARY and _family(f.type) == "text"
    ]
    return pq.ParquetFile(path, metadata=metadata, read_dictionary=text, page_checksum_verification=True)


def _read_group(path: Path, file: pq.ParquetFile, group: int) -> pa.Table:
    """One row group in memory types, fully validated: a trace may come from anywhere."""
    try:
        read = file.read_row_group(group)
        columns = {n: _memory(read.column(n), t) for n, t in _TYPES.items() if n in read.schema.names}
        table = pa.table(columns).combine_chunks()
        table.validate(full=True)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise CollectorError(f"{path}: row group {group} is damaged: {_one_line(error)}") from error
    _check_rows(path, table)
    return table


def _memory(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if wanted != schema.DICTIONARY or column.type == wanted:
        return column.cast(wanted)
    return column.cast(pa.string()).dictionary_encode().cast(wanted)


def _sparse(part: pa.RecordBatch) -> pa.RecordBatch:
    kept = {n: part.column(n) for n in part.schema.names if part.column(n).null_count < part.num_rows}
    if "source" not in kept:
        kept["source"] = pa.DictionaryArray.from_arrays(np.zeros(part.num_rows, np.int32), [TraceCollector.name])
    return schema.batch("activity", kept)


def _check_columns(path: Path, found: pa.Schema) -> None:
    missing = [n for n in REQUIRED if n not in found.names]
    if missing:
        raise CollectorError(f"{path}: no trace of the activity schema: column {missing[0]} is missing")
    for field in found:
        if field.name not in _TYPES:
            raise CollectorError(
                f"{path}: column {field.name} is not in the activity schema (version {schema.SCHEMA_VERSION})"
            )
        if _family(field.type) not in {_family(_TYPES[field.name]), "null"}:
            raise CollectorError(
                f"{path}: column {field.name} is {field.type}, want {schema.lake_type('activity', field.name)}"
            )
    if len(set(found.names)) < len(found.names):
        raise CollectorError(f"{path}: a column name stands twice")


def _check_rows(path: Path, table: pa.Table) -> None:
    for name in REQUIRED:
        if table.column(name).null_count:
            raise CollectorError(f"{path}: a row has no {name}")
    for name, known in (
        ("class", tuple(o.activity_class for o in schema.OPERATIONS)),
        ("operation", tuple(schema.OPERATION_BY_NAME)),
    ):
        unknown = [v for v in pc.unique(table.column(name)).to_pylist() if v not in known]
        if unknown:
            raise CollectorError(
                f"{path}: {name} {unknown[0]!a} is not in the activity schema (version {schema.SCHEMA_VERSION})"
            )


def _family(type_: pa.DataType) -> str:
    """Types that differ in width only (writers choose them freely) are of one family."""
    if pa.types.is_dictionary(type_):
        return _family(type_.value_type)
    return next((name for name, are in _FAMILIES.items() if any(is_(type_) for is_ in are)), str(type_))


def _oldest_of_row_groups(metadata: pq.FileMetaData) -> list[tuple[int, int]]:
    """Smallest ``time_ns`` and number of each row group; without statistics, the earliest possible time."""
    column = metadata.schema.names.index("time_ns")
    groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
    found = [(n, g.column(column).statistics) for n, g in enumerate(groups) if g.num_rows]
    return [(int(s.min) if s is not None and s.has_min_max else _EARLIEST, n) for n, s in found]


def _first(part: pa.RecordBatch, name: str) -> str | None:
    values = part.column(name).drop_null() if name in part.schema.names else pa.nulls(0)
    return values[0].as_py() if len(values) else None


def _reason(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file; give the path of a trace recorded with lictor run"
    if isinstance(error, PermissionError):
        return "may not be read by this user"
    if path.is_dir():
        return "is a folder; give the trace file in it"
    return f"is no readable Parquet file: {_one_line(error)}"


def _one_line(error: Exception) -> str:
    return ascii(" ".join(str(error).split())[:200])[1:-1]
