"""The head of a run's page: who ran what where, under which policy, how it stands, and whether all of it was seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards.parts import plain, table
from dashboards.runs import acts
from dashboards.runs.service import Told
from pipeline.escape import visible

Row = Mapping[str, Any]
MODES: dict[str, Any] = {"enforce": "blue", "audit": "orange", "none": "red"}


def draw(row: Row, told: Told, counts: Row, findings: int, lost: pa.Table) -> None:
    """All of it; ``row`` of ``run_head``, ``counts`` of ``run_counts``, ``lost`` of ``run_coverage``."""
    word, colour = acts.state(row, told.live, told.held)
    complete, why = coverage(row, counts, lost)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain.label(f"{row['agent'] or 'agent'} on {row['host'] or '?'}"), anchor=False, width="content")
        st.badge(word, color=colour)
        st.badge(plain.badge(governed(row)), color=MODES.get(row["mode"], "gray"), help=version(row))
        st.badge("complete" if complete else "incomplete", color="green" if complete else "orange", help=why)
    st.code(visible(row["command"] or "(command line not known)"), language=None, wrap_lines=True)
    st.caption(plain.label(" · ".join(facts(row)), 400))
    numbers = (
        ("Events", counts["events"], "Rows recorded for it"),
        ("Denied", counts["denied"], "Rows whose verdict is deny or stronger"),
        ("Findings", findings, "What detections found about it"),
        ("Processes", counts["processes"], f"They started {counts['programs']:,} programs"),
        ("Files changed", counts["files_changed"], "Distinct files written, made, renamed or deleted"),
        ("Destinations", counts["destinations"], "Distinct addresses and ports asked for"),
    )
    for column, (label, value, meaning) in zip(st.columns(6), numbers, strict=True):
        column.metric(label, f"{value:,}", help=meaning)
    if lost.num_rows:
        st.warning(
            "Something was lost on this host meanwhile: what is not here may have happened.", icon=":material/warning:"
        )
        table.show(lost, "run_lost", select=False, alt="What was lost, by collector and reason")


def coverage(row: Row, counts: Row, lost: pa.Table) -> tuple[bool, str]:
    """Whether a run can be called complete, and why (not). Only what collectors know that they lost can be told."""
    if row["lost"]:
        return False, f"{row['lost']:,} events were lost on its host while it went on"
    if lost.num_rows:
        return False, "Collectors of its host lost something in its time: the table tells what"
    told = row["events"]
    if told is not None and told > counts["events"]:
        return (
            False,
            f"{told:,} rows were written for it, and {counts['events']:,} are in the lake: retention may have removed some",
        )
    return True, "Its collectors know of nothing that they lost while it went on"


def governed(row: Row) -> str:
    """Its policy and what became of its verdicts."""
    if row["mode"] == "none" or not row["policy"]:
        return "unmanaged: no policy"
    return f"{'enforced' if row['mode'] == 'enforce' else 'audit only'}: {row['policy']}"


def version(row: Row) -> str:
    """The version of its policy for the pointer."""
    known = row["policy_version"]
    return f"Policy text {plain.label(known[:16])}" if known else "No policy was in force: nothing was decided"


def facts(row: Row) -> list[str]:
    """What else is known of it, in words."""
    end = row["ended"] or datetime.now(UTC)
    until = f"{end:%Y-%m-%d %H:%M:%S}" if row["ended"] else "now"
    said = [
        f"{row['user'] or 'unknown user'} in {row['cwd'] or '?'}",
        f"{row['started']:%Y-%m-%d %H:%M:%S} – {until} UTC ({length(end - row['started'])})",
    ]
    if row["exit_code"] is not None:
        said.append(f"exit status {row['exit_code']}")
    return [*said, f"run {row['run']}"]


def length(span: timedelta) -> str:
    """A duration for people."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 60:
        return f"{seconds:.3g} s"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"
