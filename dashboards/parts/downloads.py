"""Exports of what a page shows: the whole result of its question up to a stated number of rows, recorded before the bytes exist.

Two steps, so that it is said before anything is saved how much it is and whether it was cut. One export is kept at a time: the bytes lie in this
process until the next one, or until a page with another one is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards import context, who
from dashboards.interface import DashboardError, Role
from dashboards.parts import states
from dashboards.parts.formats import FORMATS, made

MOST = 100_000
"""Rows of an export."""
MOST_BYTES = 64 << 20
"""Bytes that its rows have in memory at most."""
_KEPT = "_export"

Rows = Callable[[int], pa.Table]
"""At most so many rows of what is exported. Raises ``DashboardError``."""


@dataclass(frozen=True)
class Export:
    """A file that can be saved; ``cut``: there are more rows than it has. ``of``: the key and the question that it answers."""

    of: tuple[str, str]
    kind: str
    file: str
    content: bytes
    rows: int
    cut: bool


def offer(name: str, key: str, rows: Rows, detail: Mapping[str, Any]) -> None:
    """A menu that makes a file. ``detail`` is what was asked, for the record; a file of another question is not offered."""
    if not who.may(Role.analyst):
        st.button("Export", key=f"{key}_no", icon=":material/download:", disabled=True, help="Needs the role analyst")
        return
    kept: Export | None = st.session_state.get(_KEPT)
    if kept is not None and kept.of != (key, repr(detail)):
        kept = st.session_state.pop(_KEPT) and None
    with st.popover("Export", icon=":material/download:", key=f"{key}_open"):
        kind = st.segmented_control("Format", list(FORMATS), default="CSV", key=f"{key}_kind", required=True)
        st.caption(f"All rows of the result, at most {MOST:,}. It is recorded.")
        if st.button("Prepare", key=f"{key}_make", type="primary"):
            with st.spinner("Reading all rows …"):
                kept = _prepared(name, key, str(kind), rows, detail)
        if kept is not None:
            _save(kept, key)


def prepared(name: str, kind: str, rows: Rows, detail: Mapping[str, Any]) -> tuple[bytes, int, bool]:
    """The bytes, how many rows they hold, and whether there are more; with its two rows of the journal. Raises ``DashboardError``."""
    account = who.demand(Role.analyst)
    journal = context.ports().journal
    told = {**detail, "format": kind}
    journal.write(account, "export", phase="intent", object=name, detail=told)
    try:
        table, cut = bounded(rows(MOST + 1), MOST, MOST_BYTES)
    except DashboardError as error:
        journal.write(
            account, "export", phase="result", outcome="failure", object=name, detail={**told, "error": str(error)}
        )
        raise
    found = {"rows": table.num_rows, "cut": cut}
    journal.write(account, "export", phase="result", outcome="success", object=name, detail={**told, **found})
    return made(table, kind), table.num_rows, cut


def bounded(rows: pa.Table, most: int, most_bytes: int) -> tuple[pa.Table, bool]:
    """The first rows that an export may have, and whether there are more."""
    kept = rows.slice(0, most)
    while kept.num_rows > 1 and kept.nbytes > most_bytes:
        kept = kept.slice(0, max(1, min(kept.num_rows - 1, int(kept.num_rows * most_bytes / kept.nbytes))))
    return kept, rows.num_rows > kept.num_rows


def file_name(name: str, kind: str, now: datetime) -> str:
    """With the time in it, so that two exports are told apart."""
    return f"{name}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.{FORMATS[kind][0]}"


def _prepared(name: str, key: str, kind: str, rows: Rows, detail: Mapping[str, Any]) -> Export | None:
    try:
        content, count, cut = prepared(name, kind, rows, detail)
    except DashboardError as error:
        states.failed(error)
        return None
    export = Export((key, repr(detail)), kind, file_name(name, kind, datetime.now(UTC)), content, count, cut)
    st.session_state[_KEPT] = export
    return export


def _save(export: Export, key: str) -> None:
    if export.cut:
        st.warning(f"Cut at {export.rows:,} rows: there are more. Narrow the search, or use lictor sql -o FILE.")
    st.download_button(
        f"Save {export.rows:,} rows as {export.kind}", export.content, export.file, FORMATS[export.kind][1],
        key=f"{key}_save", icon=":material/save:", on_click="ignore",
    )  # fmt: skip
