"""Counts rows of ``activity`` by the hour when they are sealed, so that a chart over months reads some thousand rows and no event.

Derived and exact: the counts of a log are in the same commit as its segments, so there is no moment with one and without the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.lake import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEYS = tuple(c.name for c in schema.ACTIVITY_HOURS if c.name not in {"hour", "events", "first_time", "last_time"})
_HOUR_US = 3_600_000_000
_LARGEST = 2**62
Codes = np.ndarray[Any, np.dtype[Any]]


def of(activity: Sequence[pa.Table]) -> pa.Table:
    """One row of ``activity_hours`` for each combination of hour and keys, from tidy rows of ``activity``."""
    filled = [_filled(part) for part in activity if part.num_rows]
    whole = pa.concat_tables(filled).unify_dictionaries().combine_chunks()
    hour = _hours(whole["time"].combine_chunks())
    texts = {n: whole[n].combine_chunks() for n in _KEYS}
    groups, first = _grouped([_spread(hour), *(_numbers(c) for c in texts.values())])
    found = pa.table({"group": groups, "time": whole["time"]}).group_by("group", use_threads=False)
    counts = found.aggregate([([], "count_all"), ("time", "min"), ("time", "max")])
    one = pa.array(first).take(counts["group"].combine_chunks())
    columns = {
        "hour": pc.multiply(hour.take(one), _HOUR_US).cast(schema.TIME), "events": counts["count_all"],
        "first_time": counts["time_min"], "last_time": counts["time_max"],
    }  # fmt: skip
    for name, column in texts.items():
        columns[name] = column.take(one)
    return rows.tidy("activity_hours", pa.table({n: columns[n] for n in schema.lake_schema("activity_hours").names}))


def _hours(time: pa.Array) -> pa.Array:
    """Hours since 1970, a tenth of what rounding moments of a zone takes."""
    absent = time.is_null().to_numpy(zero_copy_only=False)
    return pa.array(pc.fill_null(time.cast(pa.int64()), 0).to_numpy() // _HOUR_US, mask=absent)


def _spread(values: pa.Array) -> tuple[Codes, int]:
    """As ``_numbers`` for numbers that lie close together."""
    span = pc.min_max(values)
    least, most = span["min"].as_py() or 0, span["max"].as_py() or 0
    return pc.fill_null(pc.subtract(values, least), -1).to_numpy() + 1, most - least + 2


def _numbers(column: pa.DictionaryArray) -> tuple[Codes, int]:
    """A number for each value, and how many numbers there are; that of NULL is the first."""
    return pc.fill_null(column.indices, -1).to_numpy() + np.int32(1), len(column.dictionary) + 1


def _grouped(columns: Sequence[tuple[Codes, int]]) -> tuple[pa.Array, Codes]:
    """Rows with the same numbers in all columns are a group: the group of each row, and the first row of each group.

    All numbers of a row become one, and that is looked up once: a tenth of the time that a look-up of each column takes.
    """
    key, size = np.zeros(len(columns[0][0]), np.int64), 1
    for numbers, count in columns:
        if size * count > _LARGEST:
            found = pa.array(key).dictionary_encode()
            key, size = found.indices.to_numpy().astype(np.int64), len(found.dictionary)
        key, size = key * count + numbers, size * count
    groups = pa.array(key).dictionary_encode()
    first = np.empty(len(groups.dictionary), np.int64)
    first[groups.indices.to_numpy()[::-1]] = np.arange(len(key))[
        ::-1
    ]  # of several writes to one place the last one stays
    return groups.indices, first


def _filled(part: pa.Table) -> pa.Table:
    """All columns that are counted by, NULL where the part has none."""
    types = {"time": schema.TIME, **dict.fromkeys(_KEYS, schema.DICTIONARY)}
    return pa.table({n: part[n] if n in part.schema.names else pa.nulls(part.num_rows, t) for n, t in types.items()})
