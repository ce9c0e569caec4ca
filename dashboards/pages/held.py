"""Held and quarantine: questions that wait for a person, what was decided before, and files that were taken away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from dashboards import data
from dashboards.holding import cards, files, questions
from dashboards.parts import deeds, filters, links, live, record, states, table

KEPT = timedelta(days=90)  # how far back the history of the quarantine goes here
DECIDED = [
    "time", "state", "took_s", "agent", "operation", "object", "decided_by", "decided_account", "decided_login", "why", "rule", "host", "user",
    "cmdline", "agent_run",
]  # fmt: skip


def waiting(hold: str) -> None:
    """What waits on this machine, live, and what the lake knows of others."""
    deeds.told("held_")  # not among the cards: they are drawn anew before anybody has read it
    if hold:
        _one(hold)
    live.part(partial(cards.draw, hold), going=True)
    now = datetime.now(UTC).replace(microsecond=0)
    rows = data.ask("held_elsewhere", since=now)
    here = [asked.hold for asked in questions.ask().questions]
    rows = rows.filter(pc.invert(pc.is_in(rows["id"], pa.array(here, pa.string()))))
    if rows.num_rows:
        st.subheader("Questions on other machines", anchor=False)
        st.caption("As far as the lake knows. They are decided where the run goes on: lictor held, lictor release.")
        table.show(rows, "held_elsewhere", select=False, alt="Questions that wait on other machines")


def _one(hold: str) -> None:
    """The question that the address names, once it is decided."""
    rows = data.ask("held_decided", hold=hold)
    if rows.num_rows:
        st.info("The question that this address names is decided.", icon=":material/info:")
        table.show(rows, "held_named", columns=DECIDED, select=False, alt="The question of this address")
    links.to("held", "All questions")


def decided() -> None:
    """What was asked before, and how it ended."""
    chosen = filters.bar("agents", "hosts", "users")
    rows = data.ask("held_decided", **chosen.values("agents", "hosts", "users"))
    if not rows.num_rows:
        states.empty("Nothing was decided in this time, for these filters.", "A longer time may show more.")
        return
    names = {"took_s": "Took (s)", "why": "Reason"}
    row = table.show(rows, "held_decided", columns=DECIDED, names=names, alt="Decided questions, newest first")
    if row:
        record.show(row, "held_row")
        links.to("run", f"Run {row['agent_run']}", {"run": row["agent_run"]})


def quarantine() -> None:
    """Files that were taken away, and what became of those that were before."""
    files.draw()
    st.subheader("History", anchor=False)
    since, until = filters.now() - KEPT, filters.now()
    found = data.ask_all({
        "held_quarantine": {"since": since, "until": until}, "held_people": {"since": since, "until": until},
    })  # fmt: skip
    if found["held_quarantine"].num_rows:
        table.show(
            found["held_quarantine"], "held_quarantine", select=False, alt="What was done to files, newest first"
        )
    else:
        states.empty("No file was taken away, given back or deleted in the last 90 days.")
    if found["held_people"].num_rows:
        st.caption("Asked for in a dashboard")
        table.show(found["held_people"], "held_people", select=False, alt="Who had files restored or purged, and why")


def named() -> str:
    """The question that the address names."""
    hold = st.query_params.get("hold", "")
    if hold.isprintable():
        return hold
    st.warning("The question in the address cannot be read; all are shown.")
    return ""


shown = st.tabs(["Waiting", "Decided", "Quarantine"], key="tab", on_change="rerun", bind="query-params")
if shown[0].open:
    with shown[0]:
        waiting(named())
elif shown[1].open:
    with shown[1]:
        decided()
else:
    with shown[2]:
        quarantine()
