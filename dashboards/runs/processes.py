"""The tab with a run's process tree: branches open and close, a process tells what it ran and touched."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st

from dashboards import data
from dashboards.parts import plain, states, table
from dashboards.runs import head, tree
from pipeline.escape import visible

MOST = 20_000
COLUMNS = (
    "process", "cmdline", "pid", "started", "ended", "exit_code", "signal", "events", "denied", "below", "denied_below",
)  # fmt: skip
_CLOCK = "HH:mm:ss.SSS"
CONFIG = {
    "process": st.column_config.TextColumn("Process", width=230),
    "cmdline": st.column_config.TextColumn("Command line", width=420),
    "started": st.column_config.DatetimeColumn("Started (UTC)", format=_CLOCK, timezone="UTC"),
    "ended": st.column_config.DatetimeColumn("Ended (UTC)", format=_CLOCK, timezone="UTC"),
    "exit_code": st.column_config.NumberColumn("Exit"),
    "below": st.column_config.NumberColumn("Below", help="Processes below it"),
    "denied_below": st.column_config.NumberColumn("Denied below", help="Denied rows of those"),
}

Span = tuple[datetime, datetime]


def draw(run: str, span: Span) -> None:
    """The tree, and the process that the address names."""
    found = data.ask("run_processes", run=run, since=span[0], until=span[1])
    if not found.num_rows:
        states.empty(
            "No process of this run was seen.", "Its collector may still be writing, or retention removed its rows."
        )
        return
    grown = tree.forest(found.slice(0, MOST))
    opened = _opened(run, grown)
    keys, left_out = tree.printed(grown, opened)
    row = table.show(
        tree.table(grown, keys, opened), f"run_tree_{run}", columns=COLUMNS, config=CONFIG,
        alt="Process tree: each process below its creator, indented by depth",
    )  # fmt: skip
    told = [f"{len(grown):,} processes, {len(keys):,} shown", "+ has processes below that are not shown, − is open"]
    if left_out:
        told.append(f"{left_out:,} more are open but left out: those that were denied something go first")
    if found.num_rows > MOST:
        told.append(f"only the first {MOST:,} were read")
    st.caption("; ".join(told) + ".")
    if row and str(row["process_key"]) != st.query_params.get("process"):
        st.query_params["process"] = str(row["process_key"])
    key = _chosen(grown)
    if key is not None:
        _details(run, span, grown, key, opened)


def _opened(run: str, grown: tree.Forest) -> set[int]:
    """Which branches are open: as at first, and as a person then opened and closed them."""
    state = f"run_opened_{run}"
    with st.container(horizontal=True, gap="small"):
        if st.button("Open all", icon=":material/unfold_more:", type="tertiary", key="run_tree_all"):
            st.session_state[state] = set(grown)
        if st.button("Close all", icon=":material/unfold_less:", type="tertiary", key="run_tree_none"):
            st.session_state[state] = set()
        if st.button("Around denials", icon=":material/block:", type="tertiary", key="run_tree_denied"):
            st.session_state[state] = {k for k, n in grown.items() if n.denied_below}
    opened: set[int] = st.session_state.setdefault(state, tree.opened_at_first(grown))
    return opened


def _chosen(grown: tree.Forest) -> int | None:
    """The process that the address names."""
    text = st.query_params.get("process")
    if not text:
        return None
    try:
        key = int(text)
    except ValueError:
        key = None
    if key not in grown:
        st.warning("The address names a process that this run does not have.")
        return None
    return key


def _details(run: str, span: Span, grown: tree.Forest, key: int, opened: set[int]) -> None:
    """What is known of one process."""
    node, asked = grown[key], {"run": run, "process": str(key), "since": span[0], "until": span[1]}
    found = data.ask_all({"run_process": asked, "run_touched": asked})
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain.label(tree.program(node.row))}** · pid {node.row['pid']}", width="content")
            _branch(key, node, opened)
            if st.button("Only its rows", icon=":material/list:", type="tertiary", key="run_process_only"):
                st.session_state["run_tab"] = "Rows"
                st.rerun()
        st.caption(plain.label(" · ".join(_facts(node, grown)), 400))
        for program in found["run_process"].slice(0, 3).to_pylist():
            st.code(visible(program["cmdline"] or program["exe"] or "?"), language=None, wrap_lines=True)
        programs, touched = found["run_process"], found["run_touched"]
        if programs.num_rows:
            table.show(programs, "run_programs", select=False, alt="Programs that the process ran")
        else:
            st.caption("It ran no program of its own: it is a copy of its creator.")
        if touched.num_rows:
            table.show(touched, "run_touched", select=False, alt="What the process touched, what was stopped first")
        if touched.num_rows == 500:
            st.caption("The first 500 are shown, what was stopped first.")


def _branch(key: int, node: tree.Node, opened: set[int]) -> None:
    if not node.below:
        return
    is_open = key in opened
    label = "Close" if is_open else f"Open {node.below:,} below"
    if st.button(
        label, icon=":material/expand_less:" if is_open else ":material/expand_more:", type="tertiary", key="run_branch"
    ):
        (opened.discard if is_open else opened.add)(key)
        st.rerun()


def _facts(node: tree.Node, grown: tree.Forest) -> list[str]:
    row: Any = node.row
    end = f"{row['ended']:%H:%M:%S.%f}"[:-3] if row["ended"] else "no end seen"
    said = [f"{row['started']:%Y-%m-%d %H:%M:%S.%f}"[:-3] + f" – {end} UTC"]
    if row["ended"]:
        said.append(head.length(row["ended"] - row["started"]))
    if row["signal"]:
        said.append(f"ended by signal {row['signal']}")
    elif row["exit_code"] is not None:
        said.append(f"exit status {row['exit_code']}")
    parent = grown.get(row["parent_key"]) if node.depth else None
    said.append(
        f"started by {tree.program(parent.row)} (pid {parent.row['pid']})"
        if parent
        else "its creator is not part of the run, or was not seen"
    )
    return [*said, f"{row['events']:,} events, {row['denied']:,} denied", f"{node.below:,} processes below"]
