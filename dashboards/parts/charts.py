"""Charts of the dashboard: bars over time and ranked bars, in colours that stand out three to one on light and on dark.

A chart never gets more than a few thousand marks; what is drawn was counted by the lake. Text of agents is data of the chart, which Vega draws
as it is, and is made visible before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import altair as alt
import pyarrow as pa
import streamlit as st

from dashboards.parts import plain
from pipeline.escape import visible

SEVERITY = {
    "critical": "#c2304a", "high": "#d9622b", "medium": "#b98a1a", "low": "#3d7de0", "informational": "#7d8896",
}  # fmt: skip
VERDICT = {
    "allow": "#2f9468", "audit": "#3d7de0", "ask": "#b98a1a", "deny": "#d0453f", "freeze": "#8f6bd6",
    "quarantine": "#a8589f", "isolate": "#1f93a8", "kill": "#b5456a", "none": "#7d8896",
}  # fmt: skip
ACTIVITY = {
    "Process": "#3d7de0", "Process end": "#7d8896", "File read": "#2f9468", "File write": "#b98a1a",
    "File delete": "#d9622b", "Permission change": "#a8589f", "Network connect": "#8f6bd6",
    "Network listen": "#1f93a8", "DNS": "#5b8f2a", "Registry": "#8a6f4d", "Kernel": "#c2304a", "Finding": "#d0453f",
    "Other": "#66748a",
}  # fmt: skip
SCOPE = {"external": "#d9622b", "private": "#3d7de0", "loopback": "#7d8896", "unknown": "#8a6f4d"}
PLAIN = "#3d7de0"
SHORT = "format(datum.value, '~s')"
"""Label of a number on an axis: 0, 800, 12k. As a format it would give all numbers of an axis one unit, and write 0k."""

_STEPS = tuple(
    timedelta(**{unit: n})
    for unit, n in (
        ("seconds", 1), ("seconds", 10), ("minutes", 1), ("minutes", 10), ("hours", 1), ("hours", 6), ("days", 1), ("days", 7),
        ("days", 30),
    )
)  # fmt: skip
BARS = 120
"""Bars over a span at most."""


def step(since: datetime, until: datetime, least: timedelta = _STEPS[0]) -> timedelta:
    """Width of a bar: the narrowest round one that gives at most ``BARS`` over a span."""
    wanted = [s for s in _STEPS if s >= least]
    return next((s for s in wanted if (until - since) / s <= BARS), wanted[-1])


def over_time(
    rows: pa.Table,
    *,
    time: str,
    count: str,
    colour: str,
    palette: Mapping[str, str],
    width: timedelta,
    span: tuple[datetime, datetime] | None,
    key: str,
    alt_text: str,
    height: int = 220,
) -> list[str]:
    """Stacked bars; what of ``colour`` a person clicked. ``time`` is the begin of a bar, ``width`` its length."""
    made, present = stacked(plain.table(rows), time, count, colour, palette, width)
    select = alt.selection_point(name="picked", fields=[colour])
    scale = alt.Scale(type="utc", domain=[_ms(t) for t in span]) if span else alt.Scale(type="utc")
    chart = (
        alt.Chart(inline(made))
        .mark_rect()
        .encode(
            x=alt.X("from:T", title=None, scale=scale, axis=alt.Axis(tickCount=8, labelOverlap=True)),
            x2="until",
            y=alt.Y("low:Q", title=None, axis=alt.Axis(labelExpr=SHORT, tickCount=4)),
            y2="high",
            color=alt.Color(
                f"{colour}:N", title=None, legend=alt.Legend(orient="top", columns=8, symbolType="square"),
                scale=alt.Scale(domain=present, range=[palette.get(v, PLAIN) for v in present]),
            ),
            opacity=alt.condition(select, alt.value(1.0), alt.value(0.3)),
            tooltip=[alt.Tooltip("from:T", format="%Y-%m-%d %H:%M:%S"), alt.Tooltip(f"{colour}:N"), alt.Tooltip("count:Q", format=",")],
        )
        .properties(height=height)
        .add_params(select)
    )  # fmt: skip
    return picked(st.altair_chart(chart, key=key, on_select="rerun", selection_mode="picked", alt=alt_text), colour)


def stacked(
    rows: pa.Table, time: str, count: str, colour: str, palette: Mapping[str, str], width: timedelta
) -> tuple[list[dict[str, Any]], list[str]]:
    """Boxes of stacked bars (``from``, ``until`` in ms; ``low``, ``high``, ``count``), and the values of ``colour`` there are, as the palette has them.

    Stacked here: Vega takes bars with a begin and an end in time for horizontal ones.
    """
    order = {value: position for position, value in enumerate(palette)}
    listed = sorted(rows.to_pylist(), key=lambda r: (r[time], order.get(r[colour], len(order)), str(r[colour])))
    tops: dict[datetime, int] = {}
    boxes = []
    for row in listed:
        low = tops.get(row[time], 0)
        tops[row[time]] = low + row[count]
        begin = _ms(row[time])
        boxes.append({
            "from": begin, "until": begin + width / timedelta(milliseconds=1), "low": low, "high": tops[row[time]],
            "count": row[count], colour: row[colour],
        })  # fmt: skip
    return boxes, sorted({str(r[colour]) for r in listed}, key=lambda v: (order.get(v, len(order)), v))


def ranked(
    rows: pa.Table,
    *,
    name: str,
    count: str,
    colour: str | None = None,
    palette: Mapping[str, str] | None = None,
    key: str,
    alt_text: str,
    most: int = 10,
) -> list[str]:
    """Horizontal bars, the largest first; which of ``name`` a person clicked, as it is in the lake."""
    raw = rows.slice(0, most)
    labels = [plain.shortened(visible(str(v)), 44) for v in raw[name].to_pylist()]
    made = (
        plain.table(raw)
        .append_column("_label", pa.array(labels, pa.string()))
        .append_column("_row", pa.array(range(raw.num_rows)))
    )
    select = alt.selection_point(name="picked", fields=["_row"])
    shade: Any = alt.value(PLAIN)
    if colour and palette:
        present = [v for v in palette if v in set(made[colour].to_pylist())]
        shade = alt.Color(
            f"{colour}:N", title=None, legend=alt.Legend(orient="top"),
            scale=alt.Scale(domain=present, range=[palette[v] for v in present]),
        )  # fmt: skip
    chart = (
        alt.Chart(inline(_table(made)))
        .mark_bar(height=14)
        .encode(
            y=alt.Y("_label:N", title=None, sort=None, axis=alt.Axis(labelLimit=300, ticks=False, domain=False)),
            x=alt.X(f"{count}:Q", title=None, axis=alt.Axis(labelExpr=SHORT, tickCount=4)),
            color=shade,
            opacity=alt.condition(select, alt.value(1.0), alt.value(0.3)),
            tooltip=[alt.Tooltip(f"{name}:N"), alt.Tooltip(f"{count}:Q", format=",")],
        )
        .properties(height=alt.Step(24))
        .add_params(select)
    )
    chosen = picked(st.altair_chart(chart, key=key, on_select="rerun", selection_mode="picked", alt=alt_text), "_row")
    values = raw[name].to_pylist()
    return [values[int(n)] for n in chosen if str(n).isdigit() and int(n) < len(values)]


def picked(event: Any, field: str) -> list[str]:
    """Values of a field that were clicked in a chart whose selection is called ``picked``."""
    selected = (event or {}).get("selection", {}).get("picked", [])
    return [str(point[field]) for point in selected if isinstance(point, Mapping) and field in point]


def inline(rows: list[dict[str, Any]]) -> Any:
    """Rows as data of a chart."""
    return alt.InlineData(values=rows)


def _table(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows as a chart takes them; times in ms, as Vega has them."""
    return [{k: _ms(v) if isinstance(v, datetime) else v for k, v in row.items()} for row in rows.to_pylist()]


def _ms(moment: datetime) -> float:
    return moment.timestamp() * 1000
