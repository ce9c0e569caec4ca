"""One run: what the agent called above what the kernel saw, its processes, its rows, and what may be done to it. Live while it goes on."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import data
from dashboards.parts import filters, links, live, states, table
from dashboards.runs import processes, rows, watching
from queries import paging

MODES = ("enforce", "audit", "none")
TABS = ("Processes", "Rows", "Tool calls", "Findings", "Actions", "About")


def listed() -> None:
    """Runs to choose from."""
    chosen = filters.bar("agents", "hosts", "users")
    modes = st.pills(
        "Mode", MODES, selection_mode="multi", key="run_modes", format_func=lambda m: "unmanaged" if m == "none" else m
    )
    found = data.ask("run_list", **chosen.values("agents", "hosts", "users"), modes=list(modes or []))
    if not found.num_rows:
        states.empty(
            "No run in this time, for these filters.",
            "lictor run -- AGENT records one; lictor watch finds those that start.",
        )
        return
    row = table.show(found, "run_list", alt="Runs, newest first")
    st.caption(
        "Choose a run to see what it did." + (" The newest 1,000 are shown." if found.num_rows >= table.SHOWN else "")
    )
    if row:
        links.go("run", run=row["run"])


def one(run: str) -> None:
    """A run that was chosen."""
    known = data.ask("run_head", run=run).to_pylist()
    if not known:
        states.empty("The lake has no run of this name.", "It may be in another lake, or its address was cut.")
        links.to("run", "All runs")
        return
    row = known[0]
    going = watching.going(row)
    live.part(lambda: watching.draw(run, going), going=going)
    shown = watching.part(row)
    span = (shown.since, shown.until)
    if going and st.button("Read the tables below again", icon=":material/refresh:", type="tertiary", key="run_again"):
        data.forget()
    tabs = dict(zip(TABS, st.tabs(TABS, key="run_tab", on_change="rerun"), strict=True))
    with tabs["Processes"]:
        if tabs["Processes"].open:
            processes.draw(run, watching.span(row))
    with tabs["Rows"]:
        if tabs["Rows"].open:
            rows.draw(run, span)
    with tabs["Tool calls"]:
        if tabs["Tool calls"].open:
            told(
                "run_tools",
                "No tool call is known: this agent sets no marks in the environment of its children.",
                run=run,
                since=span[0],
                until=span[1],
            )
    with tabs["Findings"]:
        if tabs["Findings"].open:
            finding = told(
                "run_findings", "Nothing was found about this run. lictor detect looks every minute.", run=run
            )
            if finding:
                links.go("findings", finding=finding["id"])
    with tabs["Actions"]:
        if tabs["Actions"].open:
            told("run_actions", "Nothing was done to this run.", run=run)
    with tabs["About"]:
        if tabs["About"].open:
            told("run_head", "", run=run)


def told(question: str, nothing: str, **values: Any) -> dict[str, Any] | None:
    """The rows of a question, or why there are none; the one that was clicked."""
    found = data.ask(question, **values)
    if not found.num_rows:
        states.empty(nothing)
        return None
    return table.show(found, question, select=question == "run_findings", alt=paging.pages()[question].title)


chosen_run = st.query_params.get("run")
if chosen_run:
    one(chosen_run)
else:
    listed()
