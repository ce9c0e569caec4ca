"""A lake as it is now, once and without a trace: what a one-shot export reads.

Each segment is compared with its recorded checksum before its rows leave, since an export is what others will rely on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import schema
from pipeline.lake import layout, segments, snapshot
from pipeline.lake.errors import LakeError, explain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from pipeline.lake.segments import Segment


@dataclass(frozen=True)
class Part:
    """Rows of one table in lake types; there is no position, since nothing is followed."""

    table: str
    rows: pa.Table
    position: None = None


def parts(root: Path, tables: Collection[str], *, since: int | None = None, max_rows: int = 20_000) -> Iterator[Part]:
    """Every row of the tables, each once; with ``since`` (microseconds since 1970) those from then on.

    Raises ``LakeError`` where there is no lake, or at the first thing in it that is damaged.
    """
    layout.check_readable(root)
    taken = snapshot.take(root, tables)
    if taken.damages:
        raise LakeError(taken.damages[0])
    for table in tables:
        for segment in taken.segments:
            late = since is None or segment.last_time is None or segment.last_time >= since
            if segment.table == table and late:
                yield from _parts(table, _read(root, segment, max_rows), since)
        yield from _parts(table, _live(table, taken.live.get(table, []), max_rows), since)


def _parts(table: str, rows: Iterator[pa.Table], since: int | None) -> Iterator[Part]:
    for some in rows:
        chosen = _from(table, some, since)
        if chosen.num_rows:
            yield Part(table, chosen)


def _read(root: Path, segment: Segment, max_rows: int) -> Iterator[pa.Table]:
    faults = snapshot.check_content(root, [segment]).faults
    if faults:
        raise LakeError(next(iter(faults.values())))
    path = root / segment.path
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(max_rows):
                yield schema.conform(batch, segment.table)
    except OSError as error:
        raise explain(error, path, "exporting its rows") from error


def _live(table: str, frames: list[pa.Table], max_rows: int) -> Iterator[pa.Table]:
    for frame in frames:
        for start in range(0, frame.num_rows, max_rows):
            yield schema.conform(frame.slice(start, max_rows), table)


def _from(table: str, rows: pa.Table, since: int | None) -> pa.Table:
    """Rows that are not older; those that do not tell their time are kept."""
    if since is None:
        return rows
    time = rows[segments.time_column(table)].cast(pa.int64())
    return rows.filter(pc.fill_null(pc.greater_equal(time, since), fill_value=True))
