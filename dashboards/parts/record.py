"""One row with all that is known of it: each field with its value and its meaning. Nothing of it is read as markup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards.parts import cells
from pipeline import schema
from pipeline.escape import visible

MEANINGS = {c.name: c.meaning for table in reversed(schema.TABLES.values()) for c in table}
LONG = 60
"""Characters from which on a value is also shown in full below, to be read and copied."""


def show(row: Mapping[str, Any], key: str, *, meanings: Mapping[str, str] | None = None) -> None:
    """Fields that have a value; the others behind a switch."""
    empty = [name for name, value in row.items() if value is None]
    everything = st.toggle(f"Also the {len(empty)} empty fields", key=f"{key}_all") if empty else False
    listed = {n: v for n, v in row.items() if everything or v is not None}
    st.dataframe(
        fields(listed, meanings or {}), hide_index=True, key=f"{key}_record", height="content", row_height=28,
        placeholder="", alt="Fields of the row",
        column_config={"Meaning": st.column_config.Column(width="medium"), "Value": st.column_config.Column(width="medium")},
    )  # fmt: skip
    for name, value in listed.items():
        if len(cells.text(value)) > LONG:
            st.caption(cells.headings([name])[0])
            st.code(visible(cells.text(value)), language=None, wrap_lines=True)


def fields(row: Mapping[str, Any], meanings: Mapping[str, str]) -> pa.Table:
    """Name, value and meaning of each field, as cells."""
    said = {**MEANINGS, **meanings}
    return pa.table({
        "Field": pa.array([visible(n) for n in row], pa.string()),
        "Value": pa.array([None if v is None else visible(cells.text(v)) for v in row.values()], pa.string()),
        "Meaning": pa.array([said.get(n, "") for n in row], pa.string()),
    })  # fmt: skip
