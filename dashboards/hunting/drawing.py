"""A chart of any result: bars of a number over time or over words, in the colours of a third column. The rest is the table.

What is drawn was chosen by a person from a result of any shape, so each column is first made into what a chart can have.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import altair as alt
import pyarrow as pa
import pyarrow.compute as pc

from dashboards.parts import cells, charts, plain

MOST = 200
"""Bars at most: the newest of times, the largest of others."""
COLOURS = ("#3d7de0", "#2f9468", "#b98a1a", "#8f6bd6", "#d0453f", "#1f93a8", "#a8589f")
OTHER = "other"
COUNT = "Number of rows"
NONE = "One colour"


@dataclass(frozen=True)
class Axes:
    """Columns that may stand where: ``x`` any, times first; ``y`` numbers, or how many rows there are; ``colour`` few words."""

    x: list[str]
    y: list[str]
    colour: list[str]


def axes(rows: pa.Table) -> Axes:
    """What a result can be drawn by; names as ``cells.headings`` gives them."""
    fields = list(zip(cells.headings(rows.column_names), rows.schema.types, strict=True))
    flat = [(name, kind) for name, kind in fields if not pa.types.is_nested(kind)]
    times = [name for name, kind in flat if pa.types.is_timestamp(kind)]
    return Axes(
        times + [name for name, _ in flat if name not in times],
        [COUNT, *(name for name, kind in flat if _is_number(kind))],
        [NONE, *(name for name, kind in flat if cells.is_text(kind) or pa.types.is_boolean(kind))],
    )


def totals(rows: pa.Table, x: str, y: str, colour: str = NONE) -> tuple[list[dict[str, Any]], timedelta | None]:
    """Bars (``x``, ``colour``, ``value``) and how long one of them is where ``x`` is a time; at most ``MOST`` different ``x``."""
    named = rows.rename_columns(cells.headings(rows.column_names))
    keys, width = _keys(named[x])
    shades = [NONE] * rows.num_rows if colour == NONE else _few(cells.column(colour, named[colour]).to_pylist())
    values = [1] * rows.num_rows if y == COUNT else _numbers(named[y])
    summed: dict[tuple[Any, str], float] = defaultdict(float)
    for key, shade, value in zip(keys, shades, values, strict=True):
        if key is not None and value is not None:
            summed[key, shade] += value
    wanted = _most(summed, timed=width is not None)
    return [{"x": k, "colour": c, "value": v} for (k, c), v in sorted(summed.items(), key=str) if k in wanted], width


def chart(bars: list[dict[str, Any]], width: timedelta | None, x: str, y: str) -> Any:
    """Stacked bars of ``totals``."""
    shades = sorted({b["colour"] for b in bars}, key=lambda c: (c == OTHER, c))
    palette = [charts.VERDICT["none"] if c == OTHER else COLOURS[n % len(COLOURS)] for n, c in enumerate(shades)]
    legend = alt.Legend(orient="top", columns=8, symbolType="square") if shades != [NONE] else None
    order = _ranked(bars)
    across = (
        {
            "x": alt.X("x:T", title=f"{x} (UTC)", scale=alt.Scale(type="utc"), axis=alt.Axis(labelOverlap=True)),
            "x2": "end",
        }
        if width
        else {"x": alt.X("x:N", title=x, sort=order, axis=alt.Axis(labelLimit=160, labelAngle=-40))}
    )
    drawn = alt.Chart(charts.inline(_boxes(bars, width)))
    return (
        (drawn.mark_rect() if width else drawn.mark_bar())
        .encode(
            **across,
            y=alt.Y("low:Q", title=y, axis=alt.Axis(labelExpr=charts.SHORT, tickCount=5, tickMinStep=1 if y == COUNT else alt.Undefined)),
            y2="high",
            color=alt.Color("colour:N", title=None, legend=legend, scale=alt.Scale(domain=shades, range=palette)),
            tooltip=[
                alt.Tooltip("x:T", title=x, format="%Y-%m-%d %H:%M:%S") if width else alt.Tooltip("x:N", title=x),
                alt.Tooltip("colour:N", title="colour"), alt.Tooltip("value:Q", title=y, format=","),
            ],
        )
        .properties(height=280)
    )  # fmt: skip


def _ranked(bars: list[dict[str, Any]]) -> list[Any]:
    """What the bars stand over, the largest first."""
    tops: dict[Any, float] = defaultdict(float)
    for bar in bars:
        tops[bar["x"]] += bar["value"]
    return sorted(tops, key=lambda k: -tops[k])


def _boxes(bars: list[dict[str, Any]], width: timedelta | None) -> list[dict[str, Any]]:
    """Bars with where they begin and end: stacked here, since Vega stacks none that have two ends in time."""
    tops: dict[Any, float] = defaultdict(float)
    made = []
    for bar in bars:
        low = tops[bar["x"]]
        tops[bar["x"]] += bar["value"]
        box = {**bar, "low": low, "high": tops[bar["x"]]}
        if width:
            box |= {"x": bar["x"].timestamp() * 1000, "end": (bar["x"] + width).timestamp() * 1000}
        made.append(box)
    return made


def _keys(column: pa.ChunkedArray) -> tuple[list[Any], timedelta | None]:
    """What the bars stand over: the begin of a stretch of time, or a value as text."""
    if not pa.types.is_timestamp(column.type):
        return [None if v is None else plain.shortened(str(v), 40) for v in cells.column("x", column).to_pylist()], None
    times = column.cast(pa.timestamp("us", "UTC"), safe=False).to_pylist()
    there = [t for t in times if t is not None]
    if not there:
        return times, timedelta(seconds=1)
    width = charts.step(min(there), max(there))
    return [None if t is None else _floor(t, width) for t in times], width


def _floor(moment: datetime, width: timedelta) -> datetime:
    zero = datetime(1970, 1, 1, tzinfo=moment.tzinfo)
    return zero + (moment - zero) // width * width


def _few(values: list[Any]) -> list[str]:
    """The values that are there most often, and ``OTHER`` for the rest."""
    texts = ["none" if v is None else plain.shortened(str(v), 40) for v in values]
    often = sorted(set(texts), key=lambda t: (-texts.count(t), t)) if len(set(texts)) <= MOST else []
    kept = set(often[: len(COLOURS)])
    return [t if t in kept else OTHER for t in texts]


def _most(summed: dict[tuple[Any, str], float], *, timed: bool) -> set[Any]:
    """The keys that are drawn."""
    by_key: dict[Any, float] = defaultdict(float)
    for (key, _), value in summed.items():
        by_key[key] += value
    return set(sorted(by_key, reverse=True)[:MOST] if timed else sorted(by_key, key=lambda k: -by_key[k])[:MOST])


def _numbers(column: pa.ChunkedArray) -> list[float | None]:
    numbers = pc.cast(column, pa.float64(), safe=False)
    return [v if v is not None and abs(v) != float("inf") and v == v else None for v in numbers.to_pylist()]  # noqa: PLR0124 - what differs from itself is no number


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
