"""What came of a question: its rows with the one that was opened, the rows it rests on, a chart, and an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards import data, hiding, who, workbench
from dashboards.hunting import drawing, evidence
from dashboards.parts import cells, downloads, jobs, links, plain, record, states, table
from dashboards.search import telling
from dashboards.workbench import ROWS, Answer

ROWS_VIEW, CHART_VIEW = "Rows", "Chart"
MARGIN = timedelta(minutes=5)
"""What is looked at before and after a hit, in the audit search."""


def latest(key: str, about: str) -> Answer | None:
    """The answer to what this account asked last under a key, where it is about this; says so while it is not there."""
    job = jobs.jobs.find(who.account(), key)
    if job is None or job.about != about:
        return None
    if not job.future.done():
        jobs.wait_for(job)
        return None
    if job.state == "failed":
        states.failed(job.error)
        return None
    found: Answer = job.result
    return found


def show(answer: Answer, key: str, *, meanings: Mapping[str, str] | None = None, first: Sequence[str] = ()) -> None:
    """An answer that is there; ``first``: columns that are shown before the others."""
    rows = hiding.hidden(answer.rows)
    sql = answer.question.sql
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{'More than ' if answer.cut else ''}{rows.num_rows:,}** rows", width="content")
        st.caption(f"asked at {answer.began:%H:%M:%S} UTC, {answer.seconds:.1f} s", width="content")
        st.space("stretch")
        downloads.offer(key, f"{key}_export", lambda most: workbench.query(sql, limit=most), {"sql": sql})
    if answer.cut:
        states.capped(rows.num_rows)
    if not rows.num_rows:
        states.empty("Nothing is so in this time.", "Whether anything was missed then: Health and integrity.")
        return
    view = st.segmented_control(
        "View",
        [ROWS_VIEW, CHART_VIEW],
        default=ROWS_VIEW,
        key=f"{key}_view",
        label_visibility="collapsed",
        required=True,
    )
    if view == CHART_VIEW:
        _chart(rows, key)
    else:
        _rows(rows, row_key(key, answer), meanings or {}, first)


def row_key(key: str, answer: Answer) -> str:
    """Key of the table of an answer: in another answer nothing is chosen yet."""
    return f"{key}_rows_{answer.began.timestamp():.0f}"


def _rows(rows: pa.Table, key: str, meanings: Mapping[str, str], first: Sequence[str]) -> None:
    named = rows.rename_columns(cells.headings(rows.column_names))
    order = dict.fromkeys([*(n for n in first if n in named.column_names), *named.column_names])
    shown = [n for n in order if n != "evidence"]
    chosen = table.picked(key) is not None
    left, right = st.columns([3, 2], gap="small") if chosen else (st.container(), None)
    with left:
        row = table.show(named, key, columns=shown, height=480, alt="Rows found")
    if row and right:
        with right:
            _links(row)
            record.show({n: v for n, v in row.items() if n != "evidence"}, f"{key}_record", meanings=meanings)
        _evidence(row.get("evidence"), key)


def _links(row: dict[str, Any]) -> None:
    """Where a row leads to."""
    run = row.get("agent_run") or row.get("run")
    with st.container(horizontal=True):
        if isinstance(run, str):
            links.to("run", "Run", {"run": run})
        if proof := evidence.around(row.get("evidence"), run if isinstance(run, str) else None, MARGIN):
            links.to("audit", "Five minutes around it", proof)


def _evidence(proof: Any, key: str) -> None:
    """The rows that a hit rests on."""
    asked = evidence.question(proof)
    if asked is None:
        return
    found = data.ask("hunting_evidence", **asked)
    st.subheader("Evidence", anchor=False)
    if found.num_rows < len(asked["rows"]):
        st.caption(f"{len(asked['rows']) - found.num_rows:,} of its rows are not in the lake any more.")
    columns = [n for n in found.column_names if n not in evidence.NAMES]
    row = table.show(found, f"{key}_evidence", columns=columns, height=320, alt="Rows that the hit rests on")
    if row:
        record.show(telling.whole("activity", row, page="hunting"), f"{key}_evidence_record")


def _chart(rows: pa.Table, key: str) -> None:
    there = drawing.axes(rows)
    if not there.x:
        st.caption("Nothing of this result can be drawn.")
        return
    one, two, three = st.columns(3)
    x = one.selectbox("Over", there.x, key=f"{key}_x")
    y = two.selectbox("How much", there.y, key=f"{key}_y")
    colour = three.selectbox("Colour", there.colour, index=_usual(there.colour), key=f"{key}_colour")
    bars, width = drawing.totals(rows, str(x), str(y), str(colour))
    if not bars:
        st.caption("This column has no values.")
        return
    st.altair_chart(
        drawing.chart(bars, width, plain.shortened(str(x), 40), plain.shortened(str(y), 40)), key=f"{key}_chart",
        alt=f"{plain.label(y)} over {plain.label(x)}; the same numbers are in the table",
    )  # fmt: skip
    if rows.num_rows == ROWS or len({b["x"] for b in bars}) == drawing.MOST:
        st.caption(f"Of the rows shown; at most {drawing.MOST} bars: the newest of times, the largest of others.")


def _usual(colours: Sequence[str]) -> int:
    """The colour that is chosen at first: who did it, where that is there."""
    return next((colours.index(name) for name in ("agent", "host") if name in colours), 0)
