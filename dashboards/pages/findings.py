"""Findings: which there are and how each stands; one of them with its evidence, actions and history. Analysts triage here."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from dashboards import data
from dashboards.findings import dialog, narrowing, opened, still, triage
from dashboards.findings.statuses import worded
from dashboards.parts import filters, links, states, table

COLUMNS = [
    "time", "severity", "status", "title", "agent", "host", "rule", "attack", "status_by", "user", "agent_run",
]  # fmt: skip
TALL = 560  # pixels of a long list
ADDRESS = ("since", "until", "agents", "hosts", "users", "severity", "status", "rule", "attack", "run")


def listed() -> None:
    """All that the filters let through."""
    chosen = filters.bar("agents", "hosts", "users")
    asked, told = narrowing.given()
    for line in told:
        st.warning(line)
    where = chosen.values("agents", "hosts", "users")
    found = data.ask_all({"findings_counts": {**where, "run": asked.run}, "findings_list": {**where, **asked.values()}})
    counts, rows = found["findings_counts"], found["findings_list"]
    if asked.run:
        _only_run(asked.run)
    narrowed = narrowing.bar(counts, asked)
    if narrowed != asked:
        rows = data.ask("findings_list", **where, **narrowed.values())
    if rows.num_rows:
        _table(rows)
    elif counts.num_rows:
        states.empty("No finding is so.", "The numbers on the filters tell how many each of them leaves.")
    else:
        states.empty(
            "Nothing was found in this time, for these filters.",
            "lictor detect looks every minute, and policies tell of chains of events. A longer time may show more.",
        )


def _table(rows: pa.Table) -> None:
    several = st.toggle("Select several", key="findings_several", help="To set the status of several findings at once")
    done = dialog.done()
    if not several:
        still.released()
        row = table.show(worded(rows), still.key(rows), columns=COLUMNS, height=TALL, alt="Findings, newest first")
        st.caption("Choose a finding to see its evidence.")
        if row:
            links.go("findings", finding=row["id"], **_filters())
        return
    shown, key = still.held(rows, begin=done)
    picked = table.choose(worded(shown), key, columns=COLUMNS, height=TALL, alt="Findings; several can be chosen")
    wanted = {row["id"] for row in picked}
    chosen = [triage.standing(row) for row in shown.to_pylist() if row["id"] in wanted]
    dialog.button(chosen, f"Set status of {len(chosen):,} findings", "findings_triage_several")


def _only_run(run: str) -> None:
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.text(f"Only findings about run {run}")
    with right:
        if st.button("All runs", key="findings_all_runs", icon=":material/close:", type="tertiary"):
            st.query_params.pop("run", None)
            st.rerun()


def _filters() -> dict[str, list[str]]:
    """The filters of the list, kept in the address of a finding, so that the way back leads to the same list."""
    return {name: st.query_params.get_all(name) for name in ADDRESS if name in st.query_params}


chosen_finding = st.query_params.get("finding")
if chosen_finding:
    links.to("findings", "All findings", _filters())
    opened.show(chosen_finding)
else:
    listed()
