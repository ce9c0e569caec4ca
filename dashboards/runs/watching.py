"""What changes on a run's page while the run goes on: its head, what may be done to it, and its timeline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from dashboards import data
from dashboards.parts import links, record, states, table
from dashboards.runs import acts, head, picked, service, timeline, zoom

ROUND = timedelta(seconds=1)
MARGIN = timedelta(milliseconds=50)
MOST = 200
"""Rows of a mark that are shown."""


def going(row: dict[str, Any]) -> bool:
    """Whether the run goes on, so that its page is drawn anew."""
    if row["state"] == "ended":
        return False
    counts = data.ask("run_counts", **_named(row)).to_pylist()[0]
    return service.goes_on(row["state"], service.ask(row["run"]), counts["last_event"], datetime.now(UTC))


def span(row: dict[str, Any]) -> tuple[datetime, datetime]:
    """From a moment before a run began to one after its end; what goes on ends at a round second, so that it is asked once."""
    until = row["ended"] + MARGIN if row["ended"] else datetime.now(UTC).replace(microsecond=0) + ROUND
    return row["started"] - MARGIN, until


def part(row: dict[str, Any]) -> zoom.Part:
    """The part of its time that the address asks for."""
    shown, odd = zoom.read(*span(row), st.query_params.get("since"), st.query_params.get("until"))
    if odd:
        st.warning("The time in the address cannot be read; the whole run is shown.")
    return shown


def draw(run: str, was_going: bool) -> None:
    """All of it, as it is now."""
    row = data.ask("run_head", run=run).to_pylist()[0]
    if was_going and row["state"] == "ended":
        st.rerun()  # the whole page: what stands below is finished too, and nothing is to be drawn anew any more
    told, shown = service.ask(run), part(row)
    width = timeline.width(shown.since, shown.until)
    seen = {"run": run, "since": shown.since, "until": shown.until}
    found = data.ask_all({
        "run_counts": _named(row), "run_lanes": {**seen, "width": width}, "run_tools": _named(row), "run_findings": {"run": run},
        "run_actions": {"run": run}, "run_coverage": {k: v for k, v in (_named(row) | {"host": row["host"] or ""}).items() if k != "run"},
    })  # fmt: skip
    head.draw(row, told, found["run_counts"].to_pylist()[0], found["run_findings"].num_rows, found["run_coverage"])
    acts.draw(run, row["state"], told)
    if not found["run_counts"]["events"][0].as_py():
        states.empty(
            "No event of this run is in the lake yet."
            if row["state"] != "ended"
            else "No event of this run is in the lake.",
            "Its collector may still be writing, or retention removed them.",
        )
        return
    _steps(shown)
    _timeline(run, found, shown, width)


def _steps(shown: zoom.Part) -> None:
    """Ways to move through the time of a run without a pointer."""
    steps = (
        ("Zoom in", ":material/zoom_in:", shown.closer(), False), ("Zoom out", ":material/zoom_out:", shown.wider(), shown.whole),
        ("Earlier", ":material/chevron_left:", shown.moved(-1), shown.since <= shown.begin),
        ("Later", ":material/chevron_right:", shown.moved(1), shown.until >= shown.end),
        ("Whole run", ":material/fit_width:", shown.within(shown.begin, shown.end), shown.whole),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**Timeline**", width="content")
        for name, icon, to, pointless in steps:
            if st.button(name, icon=icon, type="tertiary", disabled=pointless, key=f"run_zoom_{name}"):
                _go(to)
        if not shown.whole:
            st.caption(
                f"{shown.since:%H:%M:%S.%f} – {shown.until:%H:%M:%S.%f} UTC, {head.length(shown.until - shown.since)}",
                width="content",
            )


def _timeline(run: str, found: dict[str, Any], shown: zoom.Part, width: timedelta) -> None:
    tools, findings, actions = found["run_tools"], found["run_findings"], found["run_actions"]
    drawn = timeline.marks(found["run_lanes"], tools, findings, actions, width)
    event = st.altair_chart(
        timeline.chart(drawn, shown.since, shown.until), key=f"run_timeline_{shown.query() or ''}", on_select="rerun",
        selection_mode=["brush", "picked"], alt="Timeline of the run by lane; the same events are in the table Rows",
    )  # fmt: skip
    brush = timeline.brushed(event)
    if brush:
        _go(shown.within(*brush))
    if not tools.num_rows:
        st.caption(
            "This agent sets no marks of its tool calls in the environment of its children, so that lane is empty."
        )
    elif set(tools["kind"].to_pylist()) == {"mark"}:
        st.caption(
            "This agent's marks have no id of a tool call: each command that bears its mark and was not started by another such is drawn as one."
        )
    st.caption(
        f"Source: activity, counted in bins of {head.length(width)}; drawn {datetime.now(UTC):%H:%M:%S} UTC. Draw over a part to see it closer, click a mark for its rows."
    )
    _picked(run, timeline.clicked(event), width, found)


def _picked(run: str, name: str | None, width: timedelta, found: dict[str, Any]) -> None:
    """What was clicked."""
    if not name:
        return
    rows = picked.of_bin(name, width)
    thing = None if rows else picked.of_thing(name, found["run_tools"], found["run_findings"], found["run_actions"])
    if rows is None and thing is None:
        return
    with st.container(border=True):
        if rows:
            st.markdown(f"**{rows.title}**")
            table.show(
                data.ask("run_rows", limit=MOST, run=run, **rows.values),
                "run_picked_rows",
                select=False,
                alt="Rows of the mark",
            )
        elif thing:
            st.markdown(f"**{thing.title}**")
            record.show(thing.row, "run_picked")
            if thing.title == "Finding":
                links.to("findings", "This finding", {"finding": str(thing.row["id"])})
            elif thing.title == "Tool call":
                _of_call(run, thing.row)


def _of_call(run: str, call: Any) -> None:
    which = {"process": call["tool_call"]} if call["kind"] == "mark" else {"tool": call["tool_call"]}
    rows = data.ask("run_rows", limit=MOST, run=run, since=call["started"], until=call["ended"] + ROUND, **which)
    table.show(rows, "run_call_rows", select=False, alt="What this tool call caused")


def _go(to: zoom.Part) -> None:
    for name in ("since", "until"):
        st.query_params.pop(name, None)
    st.query_params.update(to.query())
    st.rerun()


def _named(row: dict[str, Any]) -> dict[str, Any]:
    since, until = span(row)
    return {"run": row["run"], "since": since, "until": until}
