"""The tab with a run's rows: filters in the address, one row with all its fields, and the export of what is shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from dashboards import context, data, who
from dashboards.interface import Role
from dashboards.parts import downloads, links, record, states, table
from pipeline.schema import CLASSES, VERDICTS

MOST = table.SHOWN + 1
ONE = timedelta(microseconds=1)
SHOWN = ("process", "file", "network", "dns", "kernel")
COLUMNS = (
    "time",
    "operation",
    "object",
    "verdict",
    "rule",
    "outcome",
    "action",
    "enforcement",
    "exe",
    "pid",
    "cmdline",
    "tool_call",
    "labels",
    "quality",
)

Span = tuple[datetime, datetime]


def draw(run: str, span: Span) -> None:
    """Rows of the run within a span, newest first."""
    values = {"run": run, "since": span[0], "until": span[1], **_filters(run)}
    found = data.ask("run_rows", limit=MOST, **values)
    with st.container(horizontal=True, vertical_alignment="center"):
        downloads.offer(
            f"run-{run}", "run_export", lambda most: data.ask("run_rows", limit=most, timeout=60, **values),
            {"run": run, **{k: str(v) for k, v in values.items()}},
        )  # fmt: skip
        links.to("audit", "The same in audit search", _audit(values))
    if not found.num_rows:
        states.empty("No row of this run is so.", "Fewer filters, or the whole run, may show more.")
        return
    row = table.show(found, "run_rows", columns=COLUMNS, alt="Rows of the run, newest first")
    if row:
        with st.container(border=True):
            record.show(_whole(run, row), "run_row")


def _filters(run: str) -> dict[str, Any]:
    """Class, verdict and process, as the address has them and as a person changes them."""
    left, middle, right = st.columns([2, 3, 1], vertical_alignment="bottom")
    with left:
        classes = _pills(run, "Class", "classes", SHOWN, CLASSES)
    with middle:
        verdicts = _pills(run, "Verdict", "verdicts", ("none", *VERDICTS), ("none", *VERDICTS))
    process = st.query_params.get("process", "")
    if process and right.button("All processes", icon=":material/close:", type="tertiary", key="run_rows_all"):
        st.query_params.pop("process", None)
        st.rerun()
    return {"classes": classes, "verdicts": verdicts, "process": process}


def _pills(run: str, label: str, name: str, options: tuple[str, ...], known: tuple[str, ...]) -> list[str]:
    given = [v for v in st.query_params.get_all(name) if v in known]
    shown = list(dict.fromkeys([*options, *given]))
    picked = list(st.pills(label, shown, selection_mode="multi", default=given, key=f"run_{name}_{run}") or [])
    if picked != given:
        st.query_params[name] = picked
        if not picked:
            st.query_params.pop(name, None)
    return picked


def _audit(values: dict[str, Any]) -> dict[str, str | list[str]]:
    """The same question to the audit search; it knows no processes."""
    return {
        "run": values["run"], "since": values["since"].isoformat(), "until": values["until"].isoformat(),
        "classes": values["classes"], "verdicts": values["verdicts"],
    }  # fmt: skip


def _whole(run: str, row: dict[str, Any]) -> dict[str, Any]:
    """All fields of a row for who may see content, recorded once for each that is opened; for others what the table has."""
    if not who.may(Role.analyst):
        return row
    asked: dict[str, Any] = {n: row[n] or "" for n in ("boot_id", "source", "class")} | {"time_ns": row["time_ns"]}
    asked |= {n: -1 if row[n] is None else row[n] for n in ("cpu", "seq")}
    found = data.ask("audit_record", **asked, since=row["time"], until=row["time"] + ONE).to_pylist()
    name = f"{row['source']} {row['cpu']} {row['class']} {row['seq']} {row['time_ns']}"
    if found and st.session_state.get("run_revealed") != name:
        journal = context.ports().journal
        journal.write(who.account(), "reveal", outcome="success", page="run", object=name, agent_run=run)
        st.session_state["run_revealed"] = name
    return found[0] if found else row
