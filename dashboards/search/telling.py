"""What is said of a search and of one of its rows: how many, how far back, why nothing, and the record that somebody looked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from dashboards import context, data, who
from dashboards.interface import DashboardError, Role
from dashboards.parts import links
from dashboards.search.asking import Search

ONE = timedelta(microseconds=1)
KEPT = "audit_search"
"""Where a session keeps the search that is shown."""


def recorded(search: Search, address: Mapping[str, Any]) -> None:
    """One row for each page of a search, before it is shown; a search that cannot be recorded is forgotten. Raises ``DashboardError``."""
    shown = search.found
    found = {"rows": shown.rows.num_rows, "count": search.total, "page": len(search.pages), "reached": shown.reached.isoformat()}  # fmt: skip
    record, detail = search.criteria.record, {**asked(search, address), **found}
    try:
        context.ports().journal.write(
            who.account(), "search", outcome="success", page="audit", object=record, detail=detail
        )
    except DashboardError:
        st.session_state.pop(KEPT, None)
        raise


def asked(search: Search, address: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, as the journal has it."""
    return {"filters": dict(address), "since": search.span[0].isoformat(), "until": search.span[1].isoformat()}


def count(search: Search) -> str:
    """How many rows fit: all of them where that is known, otherwise how many were found so far."""
    seen = sum(found.rows.num_rows for _, found in search.pages)
    if search.total is not None:
        return f"**{search.total:,}** rows"
    if search.found.whole(search.span[0]):
        return f"**{seen:,}** rows"
    return f"More than **{seen:,}** rows" if search.found.more else f"**{seen:,}** rows so far"


def reach(search: Search) -> str:
    """Which rows are shown, and what of the time was searched for them."""
    shown, page = search.found, len(search.pages)
    before = sum(found.rows.num_rows for _, found in search.pages[:-1])
    rows = f"Rows {before + 1:,} to {before + shown.rows.num_rows:,}, newest first. " if shown.rows.num_rows else ""
    span = f"{day(search.span[0])} – {day(search.span[1])}"
    if shown.whole(search.span[0]):
        return f"{rows}All of {span} was searched{'' if page == 1 else ', with the pages before'}."
    if shown.more:
        return f"{rows}Older ones follow."
    return f"{rows}Searched back to {day(shown.reached)}, of {span}."


def nothing(search: Search) -> tuple[str, str]:
    """Why a search has no rows, and what to do."""
    if search.found.whole(search.span[0]):
        return (
            f"Nothing fits between {day(search.span[0])} and {day(search.span[1])}.",
            "A longer time or fewer filters may show more. Whether anything was missed then: Health and integrity.",
        )
    return (
        f"Nothing fits since {day(search.found.reached)}; what is older was not searched yet.",
        "Go on searching below, or narrow the time, the host or the run: those are found without reading rows.",
    )


def links_of(record: str, row: Mapping[str, Any]) -> None:
    """Where a row leads to."""
    with st.container(horizontal=True):
        if row.get("run"):
            links.to("run", "Run", {"run": str(row["run"])})
        if record == "findings":
            links.to("findings", "Finding", {"finding": str(row["id"])})
        if record == "requests":
            links.to("held", "Question", {"hold": str(row["id"])})


def whole(record: str, row: Mapping[str, Any], page: str = "audit") -> Mapping[str, Any]:
    """Every field of a row that somebody opened; of activity as the lake has it, recorded before. Raises ``DashboardError``."""
    if record != "activity":
        return row
    _revealed(row, page)
    texts = {n: row[n] or "" for n in ("boot_id", "source", "class")}
    numbers = {n: -1 if row[n] is None else row[n] for n in ("cpu", "seq")}
    found = data.ask_all({
        "audit_record": {**texts, **numbers, "time_ns": row["time_ns"], "since": row["time"], "until": row["time"] + ONE}
    })["audit_record"].to_pylist()  # fmt: skip
    return found[0] if found else row


def day(moment: datetime) -> str:
    """A moment for a person."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _revealed(row: Mapping[str, Any], page: str) -> None:
    """One row of the journal for each record that is opened with its content, not for each click beside it."""
    name = _name(row)
    if st.session_state.get("_revealed") == name or not who.may(Role.analyst):
        return
    context.ports().journal.write(
        who.account(), "reveal", outcome="success", page=page, object=name, agent_run=row["run"]
    )
    st.session_state["_revealed"] = name


def _name(row: Mapping[str, Any]) -> str:
    """What names a row of activity: as ``findings.evidence`` does."""
    return f"{row['host']}: {row['source']} {row['cpu']} {row['class']} {row['seq']} {row['time_ns']}"
