"""A table of rows of the lake: harmless text, times in UTC, a choice of columns, and the row that was clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa
import streamlit as st

from dashboards.parts import plain, states

SHOWN = 1000
"""Rows that a table holds; more is for the export."""
_NAMING = ("_key", "_ns", "_pid", "_port", "_uid")
_NAMES = frozenset({"pid", "tid", "uid", "ino", "dev", "seq", "cpu"})
_TIME = "YYYY-MM-DD HH:mm:ss.SSS"


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

    ``columns``: which ones, in order; ``names`` what they are called; ``config`` Streamlit's for some of them.
    """  # fmt: skip
    picked = _drawn(rows, key, columns, names, config, "single-row" if select else None, height, alt)
    return rows.slice(picked[0], 1).to_pylist()[0] if picked else None


def choose(
    rows: pa.Table,
    key: str,
    *,
    columns: Sequence[str] | None = None,
    height: int | Literal["auto"] = "auto",
    alt: str = "",
) -> list[dict[str, Any]]:
    """Draws rows of which a person may choose several; those that are chosen, as they are in the lake."""
    picked = _drawn(rows, key, columns, None, None, "multi-row", height, alt)
    chosen: list[dict[str, Any]] = rows.take(pa.array(picked, pa.int64())).to_pylist()
    return chosen


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
    drawn = plain.table(_whole(shown.select(wanted)))
    made = {c: _column(drawn.schema.field(c), (names or {}).get(c)) for c in wanted} | dict(config or {})
    mode: Literal["rerun", "ignore"] = "rerun" if select else "ignore"
    event: Any = st.dataframe(
        drawn,
        hide_index=True,
        column_config=made,
        key=key,
        height=height,
        alt=alt or None,
        on_select=mode,
        selection_mode=select or "single-row",
        placeholder="",
    )
    if rows.num_rows > SHOWN:
        states.capped(SHOWN)
    return [n for n in event.selection.rows if n < shown.num_rows] if select else []


def _column(field: pa.Field, name: str | None) -> Any:
    title = name or field.name.replace("_", " ").capitalize()
    if pa.types.is_timestamp(field.type):
        return st.column_config.DatetimeColumn(f"{title} (UTC)", format=_TIME, timezone="UTC")
    if pa.types.is_integer(field.type):
        return st.column_config.NumberColumn(title, format="localized")
    return st.column_config.Column(title)


def _whole(rows: pa.Table) -> pa.Table:
    """Numbers that name something as text: a browser's numbers end at 2⁵³, and nobody adds them up."""
    for position, field in enumerate(rows.schema):
        if pa.types.is_integer(field.type) and (field.name.endswith(_NAMING) or field.name in _NAMES):
            rows = rows.set_column(position, field.name, rows.column(position).cast(pa.string()))
    return rows
