"""Health and integrity: whether every host was watched, what was lost, what lies in the lake, and what of it is proven and what is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from dashboards import context, data
from dashboards.interface import DashboardError
from dashboards.keeping import storage, watching
from dashboards.parts import charts, filters, links, states, table


def watched() -> None:
    """Whether hosts were watched, by what collectors reported. Raises ``DashboardError``."""
    chosen = filters.bar("hosts")
    hosts = chosen.values("hosts")
    width = charts.step(chosen.since, chosen.until, watching.NARROWEST)
    found = data.ask_all({
        "health_collectors": hosts,
        "health_coverage": {**hosts, "width": width},
        "health_gaps": hosts,
        "health_unwatched": hosts,
    })  # fmt: skip
    collectors = watching.collectors(found["health_collectors"], datetime.now(UTC))
    spells, gaps, coverage = (
        watching.spells(found["health_unwatched"]),
        watching.losses(found["health_gaps"]),
        found["health_coverage"],
    )

    st.subheader("Collectors")
    if not collectors.num_rows:
        states.empty(
            "No collector reported in this time.",
            "lictor watch observes every agent of a machine; lictor doctor tells what it permits.",
        )
    else:
        for tile, column in zip(watching.tiles(collectors, spells), st.columns(4), strict=True):
            column.metric(tile.label, tile.value, border=True, help=tile.meaning)
        row = table.show(
            collectors, "health_collectors", alt="Collectors by host",
            columns=["host", "source", "state", "last", "share", "delivered", "lost", "unknown", "reasons", "boots", "first"],
            names={"last": "Last heard of", "unknown": "Intervals with unknown loss", "first": "Watched from"},
            config={"share": st.column_config.NumberColumn("Share delivered", format="percent", help="Of all events that were given out")},
        )  # fmt: skip
        st.caption(
            "From the table coverage. Late is without a word for 5 minutes, silent for an hour. The lake does not hold which version a collector has."
        )
        if row:
            links.to("audit", f"Rows of {row['host']}", {"hosts": row["host"] or ""})

    st.subheader("Coverage")
    left, right = st.columns(2, gap="medium")
    for column, what, meaning in (
        (left, "delivered", "Events that became rows"),
        (right, "lost", "Events that were lost"),
    ):
        with column:
            st.caption(meaning)
            drawn = coverage.filter(pc.equal(coverage["what"], what))
            if drawn.num_rows:
                charts.over_time(
                    drawn, time="time", count="events", colour="what", palette=watching.PALETTE, width=width, span=(chosen.since, chosen.until),
                    key=f"health_{what}", alt_text=f"{meaning} over time", height=180,
                )  # fmt: skip
            else:
                st.text("None in this time, as far as collectors know." if what == "lost" else "None in this time.")

    st.subheader("Blind spells")
    if spells.num_rows:
        row = table.show(
            spells, "health_spells", alt="Blind spells", columns=["host", "source", "since", "until", "length", "rebooted", "missed", "named"],
            names={"named": "Runs at the time", "missed": "What could have been missed"},
        )  # fmt: skip
        st.caption(
            "No collector of this name reported for two minutes or more. Where only lictor run is used, the time between runs is such a spell."
        )
        if row:
            watching.links_around(row)
    else:
        states.empty(
            "None: whatever was watched once was watched all the time.",
            "A host that never had a collector is not in the lake at all.",
        )
    if gaps.num_rows:
        st.subheader("Losses")
        row = table.show(
            gaps, "health_gaps", alt="Losses", columns=["since", "until", "host", "source", "class", "reason", "lost", "delivered", "missed", "named"],
            names={"named": "Runs at the time", "missed": "What that means"},
        )  # fmt: skip
        if row:
            watching.links_around(row)


try:
    watched()
except DashboardError as error:  # a damaged lake must not hide the part of the page that names the damage
    states.failed(error)
    st.caption("The lake cannot be asked. What lies in its folder is below; a check of it names what is damaged.")

st.subheader("Storage")
kept = storage.lake()
if kept is None:
    states.lacking(
        "The lake's folder is not on this machine.",
        "Its content can be asked, but its files cannot be looked at from here.",
    )
else:
    held = storage.content(kept)
    st.caption("**Retention**: none. Lictor removes nothing from a lake yet; what is removed, somebody else removed.")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Damage")
        storage.damages(kept, held)
    with right:
        st.subheader("Chain of logs")
        storage.hanging(held)
    st.subheader("Detections and exports")
    storage.followers(kept)

st.subheader("Proof")
left, right = st.columns(2, gap="large")
with left:
    states.lacking(
        "**Ledger: not there yet.**",
        "No key has signed these rows, and nothing outside of this lake remembers what was in it. Whoever can write its folder can change it.",
    )  # fmt: skip
with right:
    states.lacking(
        "**Evidence packs: not there yet.**",
        "Rows can be exported on their pages; nothing proves to others that they are what was recorded.",
    )

st.subheader("This Lictor")
facts = context.ports().facts
if facts:
    table.show(
        pa.table({"fact": [n for n, _ in facts], "value": [v for _, v in facts]}),
        "health_facts",
        select=False,
        alt="Facts about this Lictor",
    )
else:
    states.empty("Whoever started this dashboard told nothing about itself.")
