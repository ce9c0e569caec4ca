"""A chart of any result: bars of a number over time or over words. What is drawn was chosen by a person; the rest is a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import altair as alt
import pyarrow as pa
import pyarrow.compute as pc

from dashboards.parts import charts, plain
from pipeline.escape import visible

MOST = 500
"""Bars at most: the largest, or the newest."""
COUNT = "number of rows"


@dataclass(frozen=True)
class Axes:
    """Columns that may stand where: ``x`` any with times, numbers or words; ``y`` numbers, or how many rows there are."""

    x: list[str]
    y: list[str]


def axes(rows: pa.Table) -> Axes:
    """What a result can be drawn by."""
    numbers = [f.name for f in rows.schema if pa.types.is_integer(f.type) or pa.types.is_floating(f.type)]
    words = [f.name for f in rows.schema if not pa.types.is_nested(f.type)]
    return Axes(words, [COUNT, *numbers])


def totals(rows: pa.Table, x: str, y: str) -> pa.Table:
    """``x`` and ``value``: rows that share ``x`` as one; at most ``MOST``, the newest of times, else the largest."""
    key = rows[x]
    if pa.types.is_timestamp(key.type):
        key = pc.floor_temporal(key, unit="hour") if _hours(key) > 2 else pc.floor_temporal(key, unit="minute")
    values = pa.array([1] * rows.num_rows, pa.int64()) if y == COUNT else rows[y]
    grouped = pa.table({"x": key, "value": values}).group_by("x").aggregate([("value", "sum")])
    found = pa.table({"x": grouped["x"], "value": grouped["value_sum"]})
    by = "x" if pa.types.is_timestamp(found["x"].type) else "value"
    return found.sort_by([(by, "descending")]).slice(0, MOST)


def chart(found: pa.Table, x: str, y: str) -> Any:
    """Bars of ``totals``."""
    timed = pa.types.is_timestamp(found["x"].type)
    made = [
        {"x": v.timestamp() * 1000 if isinstance(v, datetime) else plain.shortened(visible(str(v)), 40), "value": n}
        for v, n in zip(found["x"].to_pylist(), found["value"].to_pylist(), strict=True)
    ]
    axis = (
        alt.X("x:T", title=f"{x} (UTC)", scale=alt.Scale(type="utc"))
        if timed
        else alt.X("x:N", title=visible(x), sort=None)
    )
    return (
        alt.Chart(charts.inline(made))
        .mark_bar(color=charts.PLAIN)
        .encode(
            x=axis,
            y=alt.Y("value:Q", title=visible(y)),
            tooltip=[alt.Tooltip("x:T" if timed else "x:N"), alt.Tooltip("value:Q", format=",")],
        )
        .properties(height=260)
    )


def _hours(times: pa.ChunkedArray) -> float:
    span = pc.min_max(times)
    first, last = span["min"].as_py(), span["max"].as_py()
    return 0.0 if first is None else float((last - first).total_seconds()) / 3600
