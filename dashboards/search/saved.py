"""Searches that people saved under a name, for all: rows of ``console``, the newest of a name wins."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboards import context, data, who
from dashboards.interface import DashboardError, Role
from dashboards.parts import links
from pipeline.escape import visible

LONGEST_NAME = 80
Query = dict[str, list[str]]


def all_of_them(page: str) -> dict[str, Query]:
    """Saved searches of a page by name: their address. What cannot be read is left out."""
    found = {row["name"]: _query(row["detail"]) for row in data.ask("audit_saved", page=page).to_pylist()}
    return {name: query for name, query in found.items() if query is not None}


def save(page: str, name: str, query: Mapping[str, Sequence[str]]) -> None:
    """Keep a search for all, in place of one of the same name. Raises ``DashboardError``."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise DashboardError(f"a saved search has a name of at most {LONGEST_NAME} printable characters")
    _write("save_search", page, name, {"query": {n: list(v) for n, v in query.items()}})


def drop(page: str, name: str) -> None:
    """Keep it no more. Raises ``DashboardError``."""
    _write("drop_search", page, name, None)


def offer(page: str, query: Mapping[str, Sequence[str]] | None) -> None:
    """A menu of saved searches, with a way to save this one (``None`` is too long for an address) and to remove one."""
    with st.popover("Saved searches", icon=":material/bookmark:", key=f"{page}_saved"):
        known = all_of_them(page)
        for name, one in known.items():
            links.to(page, name, one, icon=":material/bookmark:")
        if not known:
            st.caption("None yet. A saved search is there for everybody, with its filters.")
        if not who.may(Role.analyst):
            st.caption("Saving needs the role analyst.")
            return
        name = st.text_input("Save this search as", key=f"{page}_save_name", max_chars=LONGEST_NAME)
        if st.button("Save for all", key=f"{page}_save", disabled=not name.strip() or query is None) and query:
            save(page, name, query)
            st.rerun()
        if known:
            gone = st.selectbox("Remove", list(known), None, visible, key=f"{page}_drop_name", placeholder="None")
            if st.button("Remove for all", key=f"{page}_drop", disabled=gone is None) and gone:
                drop(page, gone)
                st.rerun()


def _write(act: str, page: str, name: str, detail: dict[str, Any] | None) -> None:
    account = who.demand(Role.analyst)
    context.ports().journal.write(account, act, outcome="success", object=name, page=page, detail=detail)
    data.forget()


def _query(detail: str | None) -> Query | None:
    """An address as it was saved; ``None`` for what is none."""
    try:
        read = json.loads(detail or "")["query"]
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(read, dict):
        return None
    listed = {str(n): v if isinstance(v, list) else [v] for n, v in read.items()}
    return {n: [t for t in v if isinstance(t, str)] for n, v in listed.items()}
