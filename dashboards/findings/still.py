"""Holds a list still while a person chooses rows of it.

A browser tells which rows were chosen by their number. Where new findings came in between, the numbers would mean
others; so rows stay as they were when the choosing began, until the filters change or the act is done.
"""

from __future__ import annotations

from hashlib import sha256

import pyarrow as pa
import streamlit as st

_KEPT = "_findings_still"


def held(rows: pa.Table, *, begin: bool) -> tuple[pa.Table, str]:
    """The rows to choose from, and the key of the table that shows them. ``begin``: take the rows as they are now."""
    asked = tuple(sorted((name, tuple(st.query_params.get_all(name))) for name in st.query_params))
    kept = st.session_state.get(_KEPT)
    if begin or kept is None or kept[0] != asked:
        kept = (asked, rows, 0 if kept is None else kept[2] + 1)
        st.session_state[_KEPT] = kept
    return kept[1], f"findings_choice_{kept[2]}"


def released() -> None:
    """Nobody chooses any more."""
    st.session_state.pop(_KEPT, None)


def key(rows: pa.Table) -> str:
    """A key of the table that changes with its rows: a click on a row that has moved since is none, rather than one on another row."""
    return f"findings_list_{sha256(' '.join(rows['id'].to_pylist()).encode()).hexdigest()[:12]}"
