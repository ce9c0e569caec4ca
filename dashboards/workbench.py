"""Where long questions are asked: a person's SQL, hunts and whole exports, apart from the lake that answers pages.

Each runs in a caged process of its own that ends with it, within a time and a number of rows that the page states. What is asked here is
content in bulk, so it is recorded before anything of it is shown.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dashboards import context, hiding, who
from dashboards.interface import Asked, DashboardError, Role
from pipeline.lake.errors import LakeError
from queries import paging
from queries.catalog import CatalogError
from queries.parameters import ParameterError

SECONDS = 60.0
ROWS = 10_000
"""Rows of an answer that a page shows; an export has more."""


@dataclass(frozen=True)
class Answer:
    """Rows of SQL; ``cut``: there are more. ``seconds``: how long it took."""

    rows: pa.Table
    cut: bool
    seconds: float


def asked() -> Asked:
    """The lake for long questions."""
    ports = context.ports()
    return ports.workbench or ports.lake


def run(sql: str, *, page: str, name: str, detail: Mapping[str, Any] | None = None) -> Answer:
    """Rows of one SELECT, recorded with its text. Raises ``DashboardError``."""
    account = who.demand(Role.analyst)
    journal = context.ports().journal
    told = {**(detail or {}), "sql": sql}
    started = time.monotonic()
    try:
        rows = query(sql, limit=ROWS + 1, timeout=SECONDS)
    except DashboardError as error:
        journal.write(
            account, "search", outcome="failure", page=page, object=name, detail={**told, "error": str(error)}
        )
        raise
    shown = rows.slice(0, ROWS)
    found = {"rows": shown.num_rows, "cut": rows.num_rows > ROWS}
    journal.write(account, "search", outcome="success", page=page, object=name, detail={**told, **found})
    return Answer(shown, rows.num_rows > ROWS, time.monotonic() - started)


def ask(question: str, *, limit: int, timeout: float = SECONDS, **values: Any) -> pa.Table:
    """At most so many rows of a question of ``queries/pages`` that has no LIMIT. Raises ``DashboardError``."""
    try:
        sql = paging.bound(question, values)
    except (CatalogError, ParameterError) as error:
        raise DashboardError(str(error)) from error
    return query(f"{sql}\nLIMIT {int(limit)}", limit=limit, timeout=timeout)


def query(sql: str, *, limit: int, timeout: float = SECONDS) -> pa.Table:
    """At most so many rows of SQL. Raises ``DashboardError``."""
    try:
        return hiding.hidden(asked().query(sql, limit=limit, timeout=timeout))
    except LakeError as error:
        raise DashboardError(str(error)) from error
