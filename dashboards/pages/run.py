"""One run: what the agent called above what the kernel saw, its processes, its rows, and what may be done to it. Live while it goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from dashboards import context, data
from dashboards.interface import DashboardError
from dashboards.parts import deeds, filters, links, plain, states, table
from dashboards.runs import acts, timeline, tree
from pipeline.escape import visible

LIVE_S = 2.0
ROUND = timedelta(seconds=1)
MARGIN = timedelta(milliseconds=50)


def listed() -> None:
    """Runs to choose from."""
    chosen = filters.bar("agents", "hosts", "users")
    modes = st.pills("Mode", ["enforce", "audit", "none"], selection_mode="multi", key="run_modes")
    found = data.ask("run_list", **chosen.values("agents", "hosts", "users"), modes=list(modes or []))
    if not found.num_rows:
        states.empty(
            "No run in this time, for these filters.",
            "lictor run -- AGENT records one; lictor watch finds those that start.",
        )
        return
    row = table.show(found, "run_list", alt="Runs, newest first")
    st.caption("Choose a run to see what it did.")
    if row:
        links.go("run", run=row["run"])


def one(run: str) -> None:
    """A run that was chosen."""
    head = data.ask("run_head", run=run).to_pylist()
    if not head:
        states.empty(f"The lake has no run {run}.", "It may be in another lake, or its address was cut.")
        links.to("run", "All runs")
        return
    row = head[0]
    going = row["state"] != "ended"
    st.fragment(run_every=LIVE_S if going and _live(run) else None)(watched)(run)
    tabs = st.tabs(["Processes", "Rows", "Findings", "Actions", "About"])
    span = _span(row)
    with tabs[0]:
        processes(run, span)
    with tabs[1]:
        rows(run, span)
    with tabs[2]:
        _table("run_findings", run, "Nothing was found about this run.", page="findings", key="finding")
    with tabs[3]:
        _table("run_actions", run, "Nothing was done to this run.")
    with tabs[4]:
        table.show(data.ask("run_head", run=run), "run_about", select=False)


def watched(run: str) -> None:
    """What changes while a run goes on: its state, what may be done, and the timeline."""
    row = data.ask("run_head", run=run).to_pylist()[0]
    live, held, why = _service(run)
    since, until = _span(row)
    width = timeline.width(since, until)
    named = {"run": run, "since": since, "until": until}
    found = data.ask_all({
        "run_lanes": {**named, "width": width}, "run_tools": named, "run_findings": {"run": run},
        "run_actions": {"run": run}, "run_coverage": {"host": row["host"] or "", "since": since, "until": until},
    })  # fmt: skip
    word, colour = acts.state(row, live, held)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain.label(f"{row['agent'] or 'agent'} on {row['host']}"), anchor=False, width="content")
        st.badge(word, color=colour)
        st.badge(
            plain.label(f"{row['mode']}: {row['policy'] or 'no policy'}"),
            color="blue" if row["mode"] == "enforce" else "gray",
        )
    st.code(visible(row["command"] or "?"), language=None, wrap_lines=True)
    ended = f"{row['ended']:%H:%M:%S}" if row["ended"] else "now"
    st.caption(plain.label(f"{row['user'] or '?'} · {row['started']:%Y-%m-%d %H:%M:%S} – {ended} UTC · run {run}", 200))
    _buttons(run, row, live, held, why)
    drawn = timeline.marks(found["run_lanes"], found["run_tools"], found["run_findings"], found["run_actions"], width)
    if not found["run_lanes"].num_rows:
        states.empty("No event of this run yet.")
    else:
        st.altair_chart(
            timeline.chart(drawn, since, until),
            key="run_timeline",
            alt="Timeline of the run by lane; the same events are in the table Rows",
        )
        if not found["run_tools"].num_rows:
            st.caption("This agent sets no marks of its tool calls in its children, so that lane is empty.")
    lost = found["run_coverage"]
    if lost.num_rows:
        st.warning(
            "Something was lost on this host meanwhile: what is not here may have happened.", icon=":material/warning:"
        )
        table.show(lost, "run_lost", select=False)
    else:
        st.caption(
            ":material/verified: Nothing was lost on this host while the run went on, as far as its collectors know."
        )


def processes(run: str, span: tuple[datetime, datetime]) -> None:
    """The tree, and what one process did."""
    printed, left_out = tree.rows(data.ask("run_processes", run=run, since=span[0], until=span[1]))
    if not printed.num_rows:
        states.empty("No process of this run was seen.")
        return
    columns = ["process", "pid", "started", "ended", "cmdline", "exit_code", "signal", "events", "denied"]
    row = table.show(printed, "run_tree", columns=columns, alt="Process tree: each process below its creator")
    if left_out:
        st.caption(f"{left_out:,} more processes; those that were denied something are shown first.")
    if row:
        found = data.ask("run_rows", run=run, since=span[0], until=span[1], process=str(row["process_key"]))
        table.show(found, "run_process_rows", alt="What this process did")


def rows(run: str, span: tuple[datetime, datetime]) -> None:
    """Rows of the run, newest first."""
    left, right = st.columns(2)
    classes = left.pills("Class", ["process", "file", "network", "kernel"], selection_mode="multi", key="run_classes")
    verdicts = right.pills(
        "Verdict",
        ["none", "allow", "audit", "ask", "deny", "freeze", "isolate", "kill"],
        selection_mode="multi",
        key="run_verdicts",
    )
    found = data.ask(
        "run_rows", run=run, since=span[0], until=span[1], classes=list(classes or []), verdicts=list(verdicts or [])
    )
    if found.num_rows:
        table.show(found, "run_rows", alt="Rows of the run")
    else:
        states.empty("No row of this run is so.")


def _table(question: str, run: str, nothing: str, page: str | None = None, key: str = "") -> None:
    found = data.ask(question, run=run)
    if not found.num_rows:
        states.empty(nothing)
        return
    row = table.show(found, question, select=page is not None)
    if row and page:
        links.go(page, **{key: row["id"]})


def _buttons(
    run: str, row: dict[str, Any], live: dict[str, Any] | None, held: list[dict[str, Any]], why: str | None
) -> None:
    for question in held:
        st.warning("This run stands still and waits for a person.", icon=":material/front_hand:")
        st.text(
            visible(
                f"It wants {question.get('operation')} {question.get('object')}: {question.get('because') or 'rule ' + str(question.get('rule'))}"
            )
        )
    possible = acts.possible(run, live, held)
    if possible:
        deeds.bar(possible, "run_act")
    elif row["state"] != "ended":
        st.caption(
            plain.label(why or "No service on this machine has this run: it can be acted on where it goes on.", 300)
        )


def _service(run: str) -> tuple[dict[str, Any] | None, list[dict[str, Any]], str | None]:
    """The run as its service tells it, its open questions, and why there is none of that."""
    port = context.ports().deeds
    if port is None:
        return None, [], "Orders cannot be given from here: the dashboard runs without a way to the services."
    try:
        live = next((r for r in port.live() if r["run"] == run), None)
        return live, [q for q in port.held() if q["run"] == run] if live else [], None
    except DashboardError as error:
        return None, [], str(error)


def _live(run: str) -> bool:
    return _service(run)[0] is not None


def _span(row: dict[str, Any]) -> tuple[datetime, datetime]:
    """From a moment before a run began to one after its end; what goes on ends at a round second, so that it is asked once."""
    until = row["ended"] + MARGIN if row["ended"] else datetime.now(UTC).replace(microsecond=0) + ROUND
    return row["started"] - MARGIN, until


chosen_run = st.query_params.get("run")
if chosen_run:
    one(chosen_run)
else:
    listed()
