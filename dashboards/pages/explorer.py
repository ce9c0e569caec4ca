"""Activity explorer: what agents did over time, by type, with which data; counted first, and row by row below."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from dashboards import data, overview
from dashboards.exploring import choice, rows
from dashboards.parts import charts, downloads, filters, links, record, states, table
from pipeline.escape import visible

chosen = filters.bar("agents", "hosts", "users")
bar = chosen.values("agents", "hosts", "users")
address = {name: list(st.query_params.get_all(name)) for name in sorted(st.query_params)}
named, given = choice.read(address)
if given.ignored:
    st.warning("The address has values that no filter knows; they are left out.")
    st.code(visible(", ".join(given.ignored)), language=None, wrap_lines=True)

picked = st.pills(
    "Predefined filters",
    list(choice.SETS),
    default=named,
    format_func=lambda s: choice.SETS[s][0],
    key=f"explorer_set_{named}",
)
if picked != named:
    st.query_params.from_dict(
        {n: v for n, v in address.items() if n in {"since", "until", "agents", "hosts", "users"}}
        | ({"set": picked} if picked else {})
    )
    st.rerun()

width = charts.step(chosen.since, chosen.until, overview.HOUR)
found = data.ask_all(
    {"explorer_time": {**bar, **given.counted(), "width": width}, "explorer_facets": {**bar, **given.counted()}}
)
over_time, facets = found["explorer_time"], found["explorer_facets"]


def _counted(counts: dict[str, int], value: str) -> str:
    """A value with how often it is there."""
    return f"{visible(value)} ({counts.get(value, 0):,})"


def narrow(facet: str, values: list[str], before: list[str]) -> None:
    """Only these values of a facet from now on; none for all."""
    if values != before:
        st.query_params[facet] = values
        if not values:
            st.query_params.pop(facet, None)
        st.rerun()


total = pc.sum(over_time["events"]).as_py() or 0
if over_time.num_rows:
    clicked = charts.over_time(
        over_time, time="time", count="events", colour="activity", palette=charts.ACTIVITY, width=width,
        span=(chosen.since, chosen.until), key=f"explorer_time_{len(st.query_params)}", alt_text="Events over time by type of activity", height=240,
    )  # fmt: skip
    more = (
        " The chart does not know kinds of secret and scopes of peers: it counts without those filters."
        if given.beyond_hours
        else ""
    )
    st.caption(f"{total:,} events, counted by the hour from activity_hourly.{more}")
    if clicked and clicked[0] in choice.ACTIVITIES:
        narrow("activity", clicked[:1], address.get("activity", []))
else:
    states.empty("No activity is so in this time.", "A longer time or fewer filters may show more.")

left, right = st.columns([1, 3], gap="medium")
with left:
    for facet, title in (("activity", "Activity"), ("verdict", "Verdict"), ("label", "Label")):
        counts = {r["value"]: r["events"] for r in facets.to_pylist() if r["facet"] == facet}
        current = [v for v in address.get(facet, []) if v not in given.ignored]
        options = list(dict.fromkeys([*counts, *current]))
        if options:
            wanted = st.multiselect(
                title,
                options,
                default=current,
                key=f"explorer_{facet}_{current}",
                placeholder="All",
                format_func=partial(_counted, counts),
            )
            narrow(facet, list(wanted), current)
    for facet, title, known in (("kind", "Kind of secret", choice.KINDS), ("scope", "Peer is", choice.SCOPES)):
        current = [v for v in address.get(facet, []) if v in known]
        narrow(
            facet,
            list(st.multiselect(title, known, default=current, key=f"explorer_{facet}_{current}", placeholder="All")),
            current,
        )
    others = facets.filter(pc.is_in(facets["facet"], pa.array(["agent", "host", "user", "outcome"])))
    for facet in ("agent", "host", "user", "outcome"):
        part = others.filter(pc.equal(others["facet"], facet)).select(["value", "events"])
        if part.num_rows:
            table.show(
                part.slice(0, 8),
                f"explorer_by_{facet}",
                names={"value": facet.capitalize()},
                select=False,
                alt=f"Events by {facet}",
            )


def asked(since: datetime, until: datetime, most: int, timeout: float) -> pa.Table:
    """Rows of a stretch of time."""
    return data.ask(
        "explorer_rows", limit=most, timeout=timeout, **{**bar, **given.values(), "since": since, "until": until}
    )


with right:
    with st.spinner("Reading rows, newest first …"):
        reached = rows.newest(asked, over_time, width, (chosen.since, chosen.until))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(rows.told(reached, chosen.since), width="content")
        st.space("stretch")
        links.to(
            "audit",
            "Audit search",
            {n: v for n, v in address.items() if n in {"since", "until", "agents", "hosts", "users"}}
            | {"verdicts": list(given.verdicts), "activities": list(given.activities)},
        )
        downloads.offer(
            "explorer",
            "explorer_export",
            lambda most: asked(chosen.since, chosen.until, most, rows.EXPORT_S),
            {"filters": address},
        )
    if reached.rows.num_rows:
        row = table.show(reached.rows, "explorer_rows", alt="Activity, newest first", height=520, columns=[
            "time", "activity", "agent", "host", "object", "sensitive_kind", "labels", "scope", "verdict", "effect", "rule",
        ])  # fmt: skip
        if row:
            links.to("run", f"Run {row['run']}", {"run": str(row["run"] or "")})
            record.show(row, "explorer_record")
    else:
        states.empty("No row was found so far.", "Narrow the time to look further back.")
    kinds = rows.kinds(bar, total)
    if isinstance(kinds, str):
        st.caption(kinds)
    elif kinds.num_rows:
        st.subheader("Kinds of secret touched")
        clicked = charts.ranked(
            kinds, name="kind", count="touched", key="explorer_kinds", alt_text="File events by kind of secret"
        )
        if clicked:
            narrow("kind", clicked[:1], address.get("kind", []))
