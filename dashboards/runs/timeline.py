"""The timeline of a run: what the agent called above what the kernel saw, on one axis of time.

Events are counted by the lake per bin, so a browser draws some thousand marks whatever the run did. A bin is as wide as its time and as
high as its count; what was stopped has the full height of its lane and is drawn last, over all else. Drawing over a part shows that part;
a click on a mark shows its rows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import altair as alt
import pyarrow as pa

from dashboards.parts import charts, plain
from dashboards.parts.charts import SEVERITY, VERDICT
from pipeline.escape import visible
from pipeline.schema import SEVERITIES

LANES = ("Tool calls", "Findings", "Actions", "Processes", "Files read", "Files changed", "Network", "Kernel")
BINS = 240
LANE_PX, AROUND_PX = 28, 84
"""Height of a lane, and of the legend and the axis together."""
MERGED = 400
"""With more tool calls than this, those that begin in the same bin are one mark."""
_STEPS_MS = (
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000,
    21_600_000, 86_400_000, 604_800_000,
)  # fmt: skip
COLOURS: dict[str, str] = {
    "tool call": "#6673d6", "marked command": "#8a6f4d", **VERDICT, **SEVERITY,
    "confirmed": "#8f6bd6", "unverified": "#b98a1a", "failed": "#c2304a", "under way": "#7d8896",
}  # fmt: skip
"""What a mark's colour says."""
FULL, LOW = 0.86, 0.22
"""Height of a mark as a share of its lane: the most, and the least that is still seen."""

Mark = dict[str, Any]


def width(since: datetime, until: datetime) -> timedelta:
    """Length of a bin over a span: a round one that gives at most ``BINS``."""
    span = (until - since) / timedelta(milliseconds=1)
    return timedelta(milliseconds=next((s for s in _STEPS_MS if span / s <= BINS), span / BINS))


def marks(lanes: pa.Table, tools: pa.Table, findings: pa.Table, actions: pa.Table, bin_width: timedelta) -> list[Mark]:
    """What is drawn: ``mark`` (names it), ``lane``, ``from`` and ``until`` (ms), ``colour``, ``height``, and ``says`` for the pointer."""
    most = max(lanes["events"].to_pylist(), default=1)
    bins = sorted(lanes.to_pylist(), key=lambda r: r["stopped"])
    return [
        *(_bin(row, bin_width, most) for row in bins),
        *_calls(tools.to_pylist(), bin_width),
        *_single("Findings", ((r["happened"], f"finding {r['id']}", r["severity"], r["title"]) for r in findings.to_pylist()), bin_width),
        *_single("Actions", map(_action, actions.to_pylist()), bin_width),
    ]  # fmt: skip


def chart(drawn: list[Mark], since: datetime, until: datetime) -> Any:
    """The lanes. Its selections: ``brush`` (a part of the time) and ``picked`` (a mark)."""
    seen = {m["lane"] for m in drawn} | {"Tool calls", "Processes"}
    lanes = [lane for lane in LANES if lane in seen]
    shown = [_placed(m, lanes) for m in drawn if m["until"] > _ms(since) and m["from"] < _ms(until)]
    present = [colour for colour in COLOURS if colour in {m["colour"] for m in shown}]
    names = alt.Axis(
        values=[n + 0.5 for n in range(len(lanes))], labelExpr=f"{json.dumps(lanes)}[floor(datum.value)]", ticks=False, domain=False,
        grid=True, gridOpacity=0.5, labelOverlap=False, labelLimit=160,
    )  # fmt: skip
    return (
        alt.Chart(charts.inline(shown))
        .mark_rect(cornerRadius=1, clip=True)
        .encode(
            x=alt.X("from:T", title=None, scale=alt.Scale(type="utc", domain=[_ms(since), _ms(until)], nice=False), axis=alt.Axis(tickCount=8, format=_clock(since, until), labelOverlap="greedy", grid=False)),
            x2="until",
            y=alt.Y("top:Q", title=None, scale=alt.Scale(domain=[len(lanes), 0], nice=False), axis=names),
            y2="bottom",
            color=alt.Color("colour:N", title=None, legend=alt.Legend(orient="top", columns=10, symbolType="square"), scale=alt.Scale(domain=present, range=[COLOURS[c] for c in present])),
            tooltip=[alt.Tooltip("lane:N"), alt.Tooltip("from:T", title="from", format="%Y-%m-%d %H:%M:%S.%L"), alt.Tooltip("says:N", title=" ")],
        )
        .properties(height=LANE_PX * len(lanes) + AROUND_PX)
        .add_params(alt.selection_interval(name="brush", encodings=["x"]), alt.selection_point(name="picked", fields=["mark"]))
    )  # fmt: skip


def brushed(event: Any) -> tuple[datetime, datetime] | None:
    """The part that a person drew over."""
    drawn = _selection(event, "brush")
    ends = drawn.get("from") if isinstance(drawn, Mapping) else None
    if not isinstance(ends, list) or len(ends) != 2 or not all(isinstance(e, int | float) for e in ends):
        return None
    first, last = (datetime.fromtimestamp(e / 1000, UTC) for e in sorted(ends))
    return (first, last) if last > first else None


def clicked(event: Any) -> str | None:
    """The name of the mark that a person clicked."""
    picked = _selection(event, "picked")
    first = picked[0] if isinstance(picked, list) and picked else {}
    name = first.get("mark") if isinstance(first, Mapping) else None
    return name if isinstance(name, str) else None


def _selection(event: Any, name: str) -> Any:
    return ((event or {}).get("selection") or {}).get(name)


def _bin(row: Mapping[str, Any], bin_width: timedelta, most: int) -> Mark:
    share = 1.0 if row["stopped"] else math.log1p(row["events"]) / math.log1p(max(most, 1))
    example = f", such as {row['example']}" if row["example"] else ""
    name = f"{'stopped' if row['stopped'] else 'bin'} {_ms(row['time']):.0f} {row['lane']}"
    says = f"{row['events']:,} × {row['verdict']}{example}"
    drawn = _mark(row["lane"], row["time"], row["time"] + bin_width, row["verdict"], says, bin_width, name)
    return {**drawn, "height": round(LOW + (FULL - LOW) * share, 2)}


def _calls(tools: list[dict[str, Any]], bin_width: timedelta) -> Iterable[Mark]:
    if len(tools) <= MERGED:
        for row in tools:
            colour = "marked command" if row["kind"] == "mark" else "tool call"
            yield _mark(
                "Tool calls", row["started"], row["ended"], colour, _said(row), bin_width, f"call {row['tool_call']}"
            )
        return
    merged: dict[int, list[dict[str, Any]]] = {}
    for row in tools:
        merged.setdefault(int(_ms(row["started"]) // _length(bin_width)), []).append(row)
    for rows in merged.values():
        says = f"{len(rows):,} tool calls, the first: {_said(rows[0])}"
        first = rows[0]
        yield _mark(
            "Tool calls",
            first["started"],
            max(r["ended"] for r in rows),
            "tool call",
            says,
            bin_width,
            f"call {first['tool_call']}",
        )


def _said(row: Mapping[str, Any]) -> str:
    what = (
        row["tool"] or {"call": "tool call", "span": "trace span", "mark": "command with the agent's mark"}[row["kind"]]
    )
    name = row["command"] or row["tool_call"]
    return f"{what}: {name} ({row['events']:,} events, {row['denied']:,} denied)"


def _action(row: Mapping[str, Any]) -> tuple[datetime, str, str, str]:
    seen = row["enforcement"] or "under way"
    return row["time"], f"action {row['id']}", seen, f"{row['action']} {row['object'] or ''} by {row['actor']}: {seen}"


def _single(lane: str, found: Iterable[tuple[datetime, str, str, str]], bin_width: timedelta) -> Iterable[Mark]:
    """One mark for what lies in the same bin, in the colour of the worst of it."""
    order = {c: n for n, c in enumerate([*SEVERITIES, "confirmed", "under way", "unverified", "failed"])}
    merged: dict[int, list[tuple[datetime, str, str, str]]] = {}
    for one in found:
        merged.setdefault(int(_ms(one[0]) // _length(bin_width)), []).append(one)
    for ones in merged.values():
        worst = max(ones, key=lambda one: order.get(one[2], -1))
        more = f", and {len(ones) - 1} more" if len(ones) > 1 else ""
        yield _mark(lane, worst[0], worst[0], worst[2], f"{worst[2]}: {worst[3]}{more}", bin_width, worst[1])


def _mark(lane: str, since: datetime, until: datetime, colour: str, says: str, bin_width: timedelta, name: str) -> Mark:
    """A single thing; never narrower than a bin, or nobody would see it."""
    return {
        "mark": name, "lane": lane, "from": _ms(since), "until": max(_ms(until), _ms(since) + _length(bin_width)),
        "colour": colour if colour in COLOURS else "none", "height": FULL, "says": plain.shortened(visible(says), 160),
    }  # fmt: skip


def _placed(mark: Mark, lanes: list[str]) -> Mark:
    """The same with ``top`` and ``bottom``: lanes count from above, and marks stand on the floor of theirs."""
    floor = lanes.index(mark["lane"]) + (1 + FULL) / 2
    return {**mark, "top": round(floor - mark["height"], 3), "bottom": floor}


def _clock(since: datetime, until: datetime) -> str:
    """Labels of time, as fine as the axis is short."""
    span = until - since
    if span < timedelta(seconds=10):
        return "%H:%M:%S.%L"
    return "%H:%M:%S" if span < timedelta(hours=6) else "%m-%d %H:%M"


def _length(span: timedelta) -> float:
    return span / timedelta(milliseconds=1)


def _ms(moment: datetime) -> float:
    return moment.timestamp() * 1000
