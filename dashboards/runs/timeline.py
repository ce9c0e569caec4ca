"""The timeline of a run: what the agent called above what the kernel saw, on one axis of time.

Events are counted by the lake per bin, so a browser draws some thousand marks whatever the run did. A bin is as wide as its time and as
strong as its count; what was denied is drawn last, over all else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import altair as alt
import pyarrow as pa

from dashboards.parts import charts, plain
from dashboards.parts.charts import VERDICT
from pipeline.escape import visible
from pipeline.schema import VERDICTS

LANES = ("Tool calls", "Findings", "Actions", "Processes", "Files read", "Files changed", "Network", "Kernel")
BINS = 240
_STEPS_MS = (
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1000,
    2000,
    5000,
    10_000,
    30_000,
    60_000,
    300_000,
    600_000,
    1_800_000,
    3_600_000,
    21_600_000,
    86_400_000,
)
TOOL, FINDING, ACTION = "#3d7de0", "#d0453f", "#8f6bd6"


def width(since: datetime, until: datetime) -> timedelta:
    """Length of a bin over a span: a round one that gives at most ``BINS``."""
    span = (until - since) / timedelta(milliseconds=1)
    return timedelta(milliseconds=next((s for s in _STEPS_MS if span / s <= BINS), _STEPS_MS[-1]))


def marks(
    lanes: pa.Table, tools: pa.Table, findings: pa.Table, actions: pa.Table, bin_width: timedelta
) -> list[dict[str, Any]]:
    """What is drawn: ``lane``, ``from`` and ``until`` (ms), ``colour``, ``strength`` (0.35 to 1), and text for the pointer."""
    most = max(lanes["events"].to_pylist(), default=1)
    bins = sorted(lanes.to_pylist(), key=lambda r: VERDICTS.index(r["verdict"]) if r["verdict"] in VERDICTS else -1)
    drawn = [_bin(row, bin_width, most) for row in bins]
    drawn += [
        _mark("Tool calls", row["started"], row["ended"], TOOL, f"{row['tool'] or 'tool call'} {row['tool_call']}: {row['events']} events, {row['denied']} denied", bin_width)
        for row in tools.to_pylist()
    ]  # fmt: skip
    drawn += [
        _mark("Findings", row["time"], row["time"], FINDING, f"{row['severity']}: {row['title']}", bin_width)
        for row in findings.to_pylist()
    ]
    drawn += [
        _mark("Actions", row["time"], row["time"], ACTION, f"{row['action']} by {row['actor']}: {row['enforcement'] or 'under way'}", bin_width)
        for row in actions.to_pylist()
    ]  # fmt: skip
    return drawn


def chart(drawn: list[dict[str, Any]], since: datetime, until: datetime) -> Any:
    """The lanes, zoomed by wheel and moved by dragging."""
    lanes = [lane for lane in LANES if lane in {m["lane"] for m in drawn} | {"Tool calls"}]
    return (
        alt.Chart(charts.inline(drawn))
        .mark_rect(cornerRadius=1)
        .encode(
            x=alt.X("from:T", title=None, scale=alt.Scale(type="utc", domain=[_ms(since), _ms(until)]), axis=alt.Axis(tickCount=10, labelOverlap=True, format=_clock(since, until))),
            x2="until",
            y=alt.Y("lane:N", title=None, sort=list(LANES), scale=alt.Scale(domain=lanes, paddingInner=0.25), axis=alt.Axis(ticks=False, domain=False, grid=True, labelLimit=160)),
            color=alt.Color("colour:N", scale=None),
            opacity=alt.Opacity("strength:Q", scale=None),
            tooltip=[alt.Tooltip("lane:N"), alt.Tooltip("from:T", title="from", format="%H:%M:%S.%L"), alt.Tooltip("says:N", title=" ")],
        )
        .properties(height=alt.Step(30))
        .interactive(bind_y=False)
    )  # fmt: skip


def _clock(since: datetime, until: datetime) -> Any:
    """Labels of time with milliseconds where the whole axis is a few seconds: Vega would leave out all but those."""
    return "%H:%M:%S.%L" if until - since < timedelta(seconds=10) else alt.Undefined


def _bin(row: Mapping[str, Any], bin_width: timedelta, most: int) -> dict[str, Any]:
    denied = row["verdict"] in VERDICTS[VERDICTS.index("ask") :]
    strength = 1.0 if denied else 0.35 + 0.65 * math.log1p(row["events"]) / math.log1p(max(most, 1))
    says = f"{row['events']:,} × {row['verdict']}, such as {plain.shortened(visible(str(row['example'])), 90)}"
    begin = _ms(row["time"])
    return {
        "lane": row["lane"], "from": begin, "until": begin + bin_width / timedelta(milliseconds=1),
        "colour": VERDICT.get(row["verdict"], VERDICT["none"]), "strength": round(strength, 2), "says": says,
    }  # fmt: skip


def _mark(lane: str, since: datetime, until: datetime, colour: str, says: str, bin_width: timedelta) -> dict[str, Any]:
    """A single thing; never narrower than a bin, or nobody would see it."""
    end = max(_ms(until), _ms(since) + bin_width / timedelta(milliseconds=1))
    return {
        "lane": lane, "from": _ms(since), "until": end, "colour": colour, "strength": 0.9,
        "says": plain.shortened(visible(says), 160),
    }  # fmt: skip


def _ms(moment: datetime) -> float:
    return moment.timestamp() * 1000
