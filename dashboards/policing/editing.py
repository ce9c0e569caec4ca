"""The part of the page about policies where a text is edited: what is wrong stands beside it, then what it changes and would have done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards import who
from dashboards.interface import Role
from dashboards.parts import jobs, plain, states, table
from dashboards.policing import draft, rolling, trial
from dashboards.policing.draft import Draft
from pipeline.escape import visible

HEIGHT = 460
_SPANS = {"Last day": 1, "Last 7 days": 7, "Last 30 days": 30, "Last year": 365}


def current(looked: Draft) -> Draft:
    """The policy with the text as this session has edited it, where it has."""
    written = st.session_state.get(f"{looked.key}_text", looked.text)
    return Draft(looked.policy, looked.version, looked.stands, written, looked.origin)


def text(kept: Draft) -> Draft:
    """The editor with what is wrong beside it; the draft as it is edited."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        written = st.text_area("Text", current(kept).text, height=HEIGHT, key=kept.key, help="Ctrl+Enter checks it")
        st.session_state[f"{kept.key}_text"] = written  # a widget's own is forgotten where it is not drawn
        edited = current(kept)
        st.caption(_standing(edited))
    with right:
        _checked(edited)
        for file, included in kept.origin.files.items():
            with st.expander(plain.label(f"Includes {file}"), icon=":material/description:"):
                st.code("\n".join(map(visible, included.split("\n"))), language="yaml", line_numbers=True)
    return edited


def consequences(edited: Draft) -> None:
    """What the text changes, what it would have done, and how it comes into force; only for one that can be in force."""
    if draft.problems(edited):
        return
    if not edited.changed:
        st.info(
            "The text is the one in force. What you change is compared with it and can be tried on what runs did.",
            icon=":material/info:",
        )
        return
    if edited.stands:
        st.subheader("What it changes")
        changes = draft.differences(edited)
        if changes:
            table.show(_table(changes), "policies_diff", select=False, alt="Differences by rule")
        else:
            st.text("Nothing that is decided: only comments, titles or the order of lines.")
    _trial(edited)
    rolling.way_out(edited)


def _standing(edited: Draft) -> str:
    lines = edited.text.count("\n") + 1
    what = "edited, not in force" if edited.changed else "as it is in force"
    return f"{lines:,} lines, {what}; SHA-256 {edited.sha256[:12]}. Kept for this session only."


def _checked(edited: Draft) -> None:
    """What is wrong, with the lines it stands in."""
    problems = draft.problems(edited)
    hidden = unseen(edited.text)
    if hidden:
        st.warning("Characters that cannot be seen, or turn the direction of writing:", icon=":material/warning:")
        st.code(around(edited.text, hidden), language=None)
    if not problems:
        st.success("Valid.", icon=":material/check:")
        return
    st.error(
        f"{len(problems)} problem{'s' if len(problems) > 1 else ''}: this text cannot be in force.",
        icon=":material/error:",
    )
    table.show(
        _table(problems),
        "policies_problems",
        select=False,
        columns=["line", "column", "message", "file"],
        alt="Problems",
    )
    st.code(around(edited.text, [p["line"] for p in problems if not p.get("file")]), language=None)


def around(written: str, lines: list[int], most: int = 12) -> str:
    """The lines that something is wrong with, each with its number."""
    listed = written.split("\n")
    wanted = [n for n in dict.fromkeys(lines) if 0 < n <= len(listed)][:most]
    return "\n".join(f"{n:>4}  {plain.shortened(visible(listed[n - 1]), 200)}" for n in wanted)


def unseen(written: str) -> list[int]:
    """Lines with characters that have no visible form: what is read there is not what is decided by."""
    return [
        n
        for n, line in enumerate(written.split("\n"), 1)
        if visible(line.replace("\t", " ")) != line.replace("\t", " ")
    ]


def _trial(edited: Draft) -> None:
    st.subheader("What it would have done")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        span = st.selectbox("Runs of", list(_SPANS), index=1, key="policies_trial_span", width=200)
        if st.button("Backtest", icon=":material/history:", key="policies_trial"):
            since = datetime.now(UTC) - timedelta(days=_SPANS[span])
            trial.begin(who.demand(Role.analyst), edited, since)
    job = jobs.jobs.find(who.account(), trial.name(edited))
    if job is None:
        st.caption(
            "Judges what runs in the lake did by this text: what went through and would be stopped, and the other way round."
        )
    elif not job.future.done():
        jobs.wait_for(job)
    elif job.state == "failed":
        states.failed(job.error)
    else:
        _result(edited, job)


def _result(edited: Draft, job: jobs.Job) -> None:
    tried, found = job.result
    if tried != edited.sha256:
        st.warning("The text was changed after this backtest: try it again.", icon=":material/warning:")
    st.caption(f"{plain.label(job.about)}; took {job.seconds:.1f} s")
    for label, column in zip(("events", "broken", "newly_allowed"), st.columns(3), strict=True):
        named = {
            "events": "Events judged",
            "broken": "Went through, would be stopped",
            "newly_allowed": "Stopped, would go through",
        }
        column.metric(named[label], f"{found[label]:,}", border=True)
    for line in found["told"]:
        st.text(visible(line))
    rows = trial.rows(found)
    if rows.num_rows:
        table.show(rows, "policies_trial_rows", select=False, alt="Backtest by rule")


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows)
