"""Where long questions are asked: a person's SQL, hunts and whole exports, apart from the lake that answers pages.

Each runs in a caged process of its own that ends with it, within a time and a number of rows that the page states. A person's question is work
beside the page (``jobs``): the page can be left meanwhile. It is recorded with its text before anything of its answer is shown.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from dashboards import context, hiding, who
from dashboards.interface import Account, Asked, DashboardError, Journal, Role
from dashboards.parts.downloads import bounded
from dashboards.parts.jobs import Job, jobs
from pipeline.lake.errors import LakeError
from queries import paging
from queries.catalog import CatalogError
from queries.parameters import ParameterError

SECONDS = 60.0
ROWS = 10_000
"""Rows of an answer that a page shows; an export has more."""
BYTES = 8 << 20
"""Bytes of them at most: answers of all who look lie in this process for an hour."""


@dataclass(frozen=True)
class Question:
    """``sql`` to ask; ``name`` and ``detail`` are for the record, ``about`` for who waits for it."""

    sql: str
    name: str
    about: str
    page: str = "hunting"
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Rows of a question, as they are in the lake; ``cut``: there are more. ``seconds``: how long it took; ``began``: when."""

    question: Question
    rows: pa.Table
    cut: bool
    seconds: float
    began: datetime


def start(key: str, question: Question) -> Job:
    """Have it answered, in place of what the account asked before under this key. Raises ``DashboardError``."""
    account = who.demand(Role.analyst)
    lake, journal = asked(), context.ports().journal
    return jobs.start(account, key, question.about, lambda: answered(question, account, lake, journal))


def answered(question: Question, account: Account, lake: Asked, journal: Journal) -> Answer:
    """The answer, recorded. It runs beside the page, so that it asks nobody who looks. Raises ``DashboardError``."""
    began, started = datetime.now(UTC), time.monotonic()
    told = {**question.detail, "sql": question.sql}
    where = {"page": question.page, "object": question.name}
    try:
        rows = _rows(lake, question.sql, ROWS + 1, SECONDS)
    except DashboardError as error:
        journal.write(account, "search", outcome="failure", detail={**told, "error": str(error)}, **where)
        raise
    kept, cut = bounded(rows, ROWS, BYTES)
    journal.write(account, "search", outcome="success", detail={**told, "rows": kept.num_rows, "cut": cut}, **where)
    if cut:
        kept = kept.take(pa.array(range(kept.num_rows)))  # a slice would keep all of it in memory
    return Answer(question, kept, cut, time.monotonic() - started, began)


def ask(question: str, *, limit: int, timeout: float = SECONDS, **values: Any) -> pa.Table:
    """At most so many rows of a question of ``queries/pages`` that has no LIMIT. Raises ``DashboardError``."""
    try:
        sql = paging.bound(question, values)
    except (CatalogError, ParameterError) as error:
        raise DashboardError(str(error)) from error
    return query(f"{sql}\nLIMIT {int(limit)}", limit=limit, timeout=timeout)


def query(sql: str, *, limit: int, timeout: float = SECONDS) -> pa.Table:
    """At most so many rows of SQL, while the page waits. Raises ``DashboardError``."""
    return hiding.hidden(_rows(asked(), sql, limit, timeout))


def asked() -> Asked:
    """The lake for long questions."""
    ports = context.ports()
    return ports.workbench or ports.lake


def _rows(lake: Asked, sql: str, limit: int, timeout: float) -> pa.Table:
    try:
        return lake.query(sql, limit=limit, timeout=timeout)
    except LakeError as error:
        raise DashboardError(str(error)) from error
