"""Counts rows of ``activity`` by the hour when they are sealed, so that a chart over months reads some thousand rows and no event.

Derived and exact: the counts of a log are in the same commit as its segments, so there is no moment with one and without the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.lake import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEYS = tuple(c.name for c in schema.ACTIVITY_HOURS if c.name not in {"hour", "events", "first_time", "last_time"})
_MEASURES = ("events", "first_time", "last_time")


def of(activity: Sequence[pa.Table]) -> pa.Table:
    """One row of ``activity_hours`` for each combination of hour and keys, from tidy rows of ``activity``."""
    picked = [
        part.select([n for n in ("time", *_KEYS) if n in part.schema.names]) for part in activity if part.num_rows
    ]
    counts = [part.num_rows for part in activity if part.num_rows]
    filled = [_filled(part, count) for part, count in zip(picked, counts, strict=True)]
    whole = pa.concat_tables(filled).unify_dictionaries().combine_chunks()
    time = whole["time"]
    # Numbers of the values, which are grouped several times as fast as texts; a NULL is a group of its own.
    keys = {n: pc.fill_null(whole[n].combine_chunks().indices, -1) for n in _KEYS}
    coded = pa.table({"hour": pc.floor_temporal(time, unit="hour"), "time": time, **keys})
    found = coded.group_by(["hour", *_KEYS], use_threads=False).aggregate(
        [([], "count_all"), ("time", "min"), ("time", "max")]
    )
    columns = {
        "hour": found["hour"],
        "events": found["count_all"],
        "first_time": found["time_min"],
        "last_time": found["time_max"],
    }
    for name in _KEYS:
        codes = found[name].combine_chunks()
        known = pc.if_else(pc.less(codes, 0), pa.scalar(None, pa.int32()), codes)
        columns[name] = whole[name].combine_chunks().dictionary.take(known)
    return rows.tidy("activity_hours", pa.table({n: columns[n] for n in schema.lake_schema("activity_hours").names}))


def _filled(part: pa.Table, count: int) -> pa.Table:
    """All columns that are counted by, NULL where the part has none."""
    types = {"time": schema.TIME, **dict.fromkeys(_KEYS, schema.DICTIONARY)}
    return pa.table({n: part[n] if n in part.schema.names else pa.nulls(count, t) for n, t in types.items()})
