"""What a follower reads of one sealed log: its segments in the order of the commit record, row group by row group.

A segment is compared with its recorded SHA-256 first: damage shows before a row of it is handed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import schema
from pipeline.lake import snapshot
from pipeline.lake.feed_state import SEGMENTS, Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from pipeline.lake.commits import Commit
    from pipeline.lake.feed_logs import Trouble
    from pipeline.lake.segments import Segment


def parts(
    root: Path, commit: Commit, place: Place, tables: Collection[str], max_rows: int, trouble: Trouble
) -> Iterator[tuple[str, pa.Table, Place]]:
    """Rows of a sealed log from a place on, each part with the place behind it. Raises what ``trouble`` raises."""
    for index, segment in enumerate(commit.segments):
        if index < place.part or segment.table not in tables:
            continue
        row = place.row if index == place.part else 0
        if row >= segment.rows or not _usable(root, segment, segment.rows - row, trouble):
            continue
        for rows in _rows(root, segment, row, max_rows):
            row += rows.num_rows
            yield segment.table, rows, Place(SEGMENTS, index, row)


def losses(root: Path, commit: Commit, trouble: Trouble) -> pa.Table:
    """Rows of ``coverage`` that sealing added for damaged bytes: they are in no frame of the log."""
    found = [schema.lake_schema("coverage").empty_table()]
    for segment in commit.segments if commit.damages else ():
        if segment.table == "coverage" and _usable(root, segment, None, trouble):
            rows = pa.concat_tables(_rows(root, segment, 0, segment.rows))
            ours = pc.is_in(rows["reason"], pa.array(["log_torn", "log_damaged"]))
            found.append(rows.filter(pc.and_(pc.equal(rows["source"], "lake"), ours)))
    return pa.concat_tables(found)


def _usable(root: Path, segment: Segment, rows: int | None, trouble: Trouble) -> bool:
    if not (root / segment.path).exists():
        trouble(f"{root / segment.path}: this segment was removed before it was read", rows)
        return False
    for fault in snapshot.check_content(root, [segment]).faults.values():
        trouble(fault.partition(": restore it")[0], rows)
        return False
    return True


def _rows(root: Path, segment: Segment, first: int, max_rows: int) -> Iterator[pa.Table]:
    """Rows of a segment from ``first`` on in lake types, at most ``max_rows`` at a time."""
    with pq.ParquetFile(root / segment.path) as file:
        known = [c.name for c in schema.TABLES[segment.table] if c.name in file.schema_arrow.names]
        groups: list[int] = []
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if first >= count and not groups:
                first -= count
            else:
                groups.append(group)
        for batch in file.iter_batches(max_rows, groups, known):
            rest = batch.slice(min(first, batch.num_rows))
            first -= batch.num_rows - rest.num_rows
            if rest.num_rows:
                yield schema.conform(rest, segment.table)
