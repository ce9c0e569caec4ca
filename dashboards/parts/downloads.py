"""Exports of what a page shows: CSV, JSON or Parquet, recorded before the bytes exist.

A cell that a spreadsheet would take for a formula gets a quote in front (an agent can name a file ``=cmd|…``); JSON and Parquet hold the rows as they are.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import streamlit as st

from dashboards import context, who
from dashboards.interface import DashboardError, Role
from dashboards.parts import states

MOST = 100_000
"""Rows of an export; with more the SIEM export or ``lictor sql -o FILE`` is the way, and it is said."""
FORMATS = {
    "CSV": ("csv", "text/csv"),
    "JSON": ("json", "application/json"),
    "Parquet": ("parquet", "application/vnd.apache.parquet"),
}
_FORMULA = r"^[=+\-@\t\r]"


def offer(name: str, key: str, rows: Callable[[int], pa.Table], detail: dict[str, Any]) -> None:
    """A button that makes an export. ``rows`` gives at most so many; ``detail`` says what was asked, for the record."""
    if not who.may(Role.analyst):
        st.button("Export", key=f"{key}_no", icon=":material/download:", disabled=True, help="Needs the role analyst")
        return
    with st.popover("Export", icon=":material/download:", key=f"{key}_open"):
        kind = st.segmented_control("Format", list(FORMATS), default="CSV", key=f"{key}_kind", required=True)
        if st.button("Prepare", key=f"{key}_make", type="primary"):
            with st.spinner("Reading all rows …"):
                _prepared(name, key, str(kind), rows, detail)
        ready = st.session_state.get(f"{key}_ready")
        if ready and ready[3] == kind:
            data, file, mime, _, cut, count = ready
            st.download_button(
                f"Save {count:,} rows", data, file, mime, key=f"{key}_save", icon=":material/save:", on_click="ignore"
            )
            if cut:
                st.warning(f"Cut at {MOST:,} rows: more fit. Narrow the search, or use lictor sql -o FILE.")


def made(rows: pa.Table, kind: str) -> bytes:
    """Rows in a format."""
    if kind == "Parquet":
        sink = io.BytesIO()
        pq.write_table(rows, sink, compression="zstd")
        return sink.getvalue()
    if kind == "JSON":
        return ("[\n" + ",\n".join(_json(row) for row in rows.to_pylist()) + "\n]\n").encode()
    sink = io.BytesIO()
    pyarrow.csv.write_csv(defused(rows), sink)
    return sink.getvalue()


def defused(rows: pa.Table) -> pa.Table:
    """The same rows, with no cell or heading that a spreadsheet would run; lists as JSON, since CSV has none."""
    for position, field in enumerate(rows.schema):
        column = rows.column(position)
        if pa.types.is_dictionary(field.type):
            column = column.cast(pa.string())
        elif pa.types.is_nested(field.type):
            column = pa.array(
                [None if v is None else json.dumps(v, default=str, ensure_ascii=False) for v in column.to_pylist()],
                pa.string(),
            )
        if pa.types.is_string(column.type):
            risky = pc.match_substring_regex(column, _FORMULA)
            column = pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)
        rows = rows.set_column(position, field.name, column)
    return rows


def _json(row: dict[str, Any]) -> str:
    """One object; a number that JSON has no word for is null."""
    fit = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
    return json.dumps(fit, ensure_ascii=False, default=_as_text)


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _prepared(name: str, key: str, kind: str, rows: Callable[[int], pa.Table], detail: dict[str, Any]) -> None:
    """Record, read, and keep the bytes until they are saved."""
    try:
        account = who.demand(Role.analyst)
        context.ports().journal.write(account, "export", phase="intent", object=name, detail={**detail, "format": kind})
        table = rows(MOST + 1)
        cut, table = table.num_rows > MOST, table.slice(0, MOST)
        data = made(table, kind)
        context.ports().journal.write(
            account,
            "export",
            phase="result",
            outcome="success",
            object=name,
            detail={"rows": table.num_rows, "cut": cut, "format": kind},
        )
    except DashboardError as error:
        states.failed(error)
        return
    ending, mime = FORMATS[kind]
    file = f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{ending}"
    st.session_state[f"{key}_ready"] = (data, file, mime, kind, cut, table.num_rows)
