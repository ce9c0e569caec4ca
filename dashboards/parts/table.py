"""A table of rows of the lake: harmless text, times in UTC, a choice of columns, and the row that was clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa
import streamlit as st

from dashboards.parts import cells, states

SHOWN = 1000
"""Rows that a table holds; more is for the export."""
ROW_HEIGHT = 30
_TIME = "YYYY-MM-DD HH:mm:ss.SSS"
_WIDE = frozenset({"object", "path", "cmdline", "title", "evidence", "command"})


def show(
    rows: pa.Table,
    key: str,
    *,
    columns: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
    select: bool = True,
    height: int | Literal["auto"] = "auto",
    alt: str = "",
) -> dict[str, Any] | None:
    """Draws rows; the one that a person clicked, as it is in the lake, or ``None``.

    ``columns``: which ones, in order; ``names`` what they are called; ``config`` Streamlit's for some of them;
    ``height`` in pixels, of a long table.
    """  # fmt: skip
    at = _drawn(rows, key, columns, names, config, "single-row" if select else None, height, alt)
    return row(rows, at[0]) if at else None


def choose(
    rows: pa.Table,
    key: str,
    *,
    columns: Sequence[str] | None = None,
    height: int | Literal["auto"] = "auto",
    alt: str = "",
) -> list[dict[str, Any]]:
    """Draws rows of which a person may choose several; those that are chosen, as they are in the lake."""
    at = _drawn(rows, key, columns, None, None, "multi-row", height, alt)
    return [row(rows, position) for position in at]


def _drawn(
    rows: pa.Table,
    key: str,
    columns: Sequence[str] | None,
    names: Mapping[str, str] | None,
    config: Mapping[str, Any] | None,
    select: Literal["single-row", "multi-row"] | None,
    height: int | Literal["auto"],
    alt: str,
) -> list[int]:
    """Draws rows; the numbers of those that are chosen."""
    shown = rows.slice(0, SHOWN)
    wanted = [c for c in columns or rows.column_names if c in rows.column_names]
    drawn = cells.table(shown.select(wanted) if columns else shown)
    titles = names or {}
    made = {f.name: _column(f, titles.get(f.name)) for f in drawn.schema} | dict(config or {})
    long = height != "auto" and (drawn.num_rows + 1) * ROW_HEIGHT > height
    event: Any = st.dataframe(
        drawn, hide_index=True, column_config=made, key=key, height=height if long else "auto", row_height=ROW_HEIGHT,
        alt=alt or None, placeholder="", on_select="rerun" if select else "ignore", selection_mode=select or "single-row",
    )  # fmt: skip
    if rows.num_rows > SHOWN:
        states.capped(SHOWN)
    return [n for n in event.selection.rows if n < shown.num_rows] if select else []


def row(rows: pa.Table, position: int) -> dict[str, Any]:
    """One row by the names of its columns; of two columns with one name, the second has another."""
    names = cells.headings(rows.column_names)
    return {name: values[position].as_py() for name, values in zip(names, rows.columns, strict=True)}


def picked(key: str) -> int | None:
    """Which row is chosen in a table, before it is drawn."""
    chosen = (st.session_state.get(key) or {}).get("selection", {}).get("rows", [])
    return chosen[0] if chosen else None


def choice(key: str, known: Sequence[str], first: Sequence[str]) -> list[str]:
    """The columns that a person wants of a table, kept while they look at other pages; ``first`` until they chose."""
    kept = st.session_state.get(f"{key}_kept", list(first))
    with st.popover("Columns", icon=":material/view_column:"):
        options = list(dict.fromkeys([*(c for c in first if c in known), *known]))
        wanted = st.pills(
            "Columns", options, selection_mode="multi", default=[c for c in kept if c in options],
            key=f"{key}_columns", format_func=heading, label_visibility="collapsed",
        )  # fmt: skip
    st.session_state[f"{key}_kept"] = list(wanted)
    return [c for c in options if c in wanted] or list(first)


def heading(name: str) -> str:
    """A column's name for a person."""
    return name.replace("_", " ").capitalize()


def _column(field: pa.Field, name: str | None) -> Any:
    title = name or heading(field.name)
    if pa.types.is_timestamp(field.type):
        return st.column_config.DatetimeColumn(
            f"{title} (UTC)", format=_TIME, timezone="UTC" if field.type.tz else None
        )
    if pa.types.is_integer(field.type):
        return st.column_config.NumberColumn(title, format="localized")
    return st.column_config.Column(title, width="large" if field.name in _WIDE else None)
