"""One row with all that is known of it: each field with its value and its meaning. Nothing of it is read as markup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import streamlit as st

from pipeline import schema
from pipeline.escape import visible

MEANINGS = {c.name: c.meaning for table in reversed(schema.TABLES.values()) for c in table}


def show(row: Mapping[str, Any], key: str, *, meanings: Mapping[str, str] | None = None) -> None:
    """Fields that have a value; the others behind a switch."""
    empty = [name for name, value in row.items() if value is None]
    everything = st.toggle(f"Also the {len(empty)} empty fields", key=f"{key}_all") if empty else False
    said = {**MEANINGS, **(meanings or {})}
    shown = [n for n in row if everything or row[n] is not None]
    table = pa.table({
        "Field": pa.array(shown, pa.string()),
        "Value": pa.array([None if row[n] is None else visible(str(row[n])) for n in shown], pa.string()),
        "Meaning": pa.array([said.get(n, "") for n in shown], pa.string()),
    })  # fmt: skip
    st.dataframe(table, hide_index=True, key=f"{key}_record", height="content", alt="Fields of the row")
