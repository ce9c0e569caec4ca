"""Asks the lake what pages show: questions of ``queries/pages`` by name, and nothing else.

An answer is kept for a moment and shared by all who look: pages are drawn anew at each click, and several people
look at the same overview. Who may not see content gets it hidden here, before a page has it.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from dashboards import context, hiding
from dashboards.interface import DashboardError
from pipeline.lake.errors import LakeError
from queries import paging
from queries.catalog import CatalogError
from queries.parameters import ParameterError

_LARGE = re.compile(
    r"\b(activity\w*|coverage\w*|[A-Z]\w+Logs|Device\w+|tool_calls|process_\w+|denials|egress|sensitive_access)\b"
)
"""Tables that are asked by time, and views over them."""

KEPT_S = 2.0
"""How old an answer may be that is shown again."""
KEPT = 64
KEPT_BYTES = 64 << 20
"""Answers that are kept at once, for all who look together."""


class _Kept:
    """Answers of the last moment by their SQL."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[int, str], tuple[float, pa.Table]] = OrderedDict()

    def get(self, key: tuple[int, str]) -> pa.Table | None:
        with self._lock:
            found = self._answers.get(key)
            return found[1] if found and time.monotonic() - found[0] < KEPT_S else None

    def clear(self) -> None:
        with self._lock:
            self._answers.clear()

    def put(self, key: tuple[int, str], table: pa.Table) -> None:
        with self._lock:
            self._answers[key] = (time.monotonic(), table)
            self._answers.move_to_end(key)
            while len(self._answers) > KEPT or sum(t.nbytes for _, t in self._answers.values()) > KEPT_BYTES:
                self._answers.popitem(last=False)


_kept = _Kept()


def ask(question: str, *, timeout: float = 15.0, limit: int | None = None, **values: Any) -> pa.Table:
    """The rows of one question, with values for its parameters. Raises ``DashboardError``."""
    return ask_all({question: values}, timeout=timeout, limit=limit)[question]


def ask_all(
    questions: Mapping[str, Mapping[str, Any]], *, timeout: float = 30.0, limit: int | None = None
) -> dict[str, pa.Table]:
    """The rows of several questions of one moment, by name. Raises ``DashboardError`` for the first that fails."""
    lake = context.ports().lake
    sqls = {
        name: _bound(name, values) + ("" if limit is None else f"\nLIMIT {int(limit)}")
        for name, values in questions.items()
    }
    found = {name: _kept.get((id(lake), sql)) for name, sql in sqls.items()}
    missing = {name: sql for name, sql in sqls.items() if found[name] is None}
    span = _span({name: questions[name] for name in missing})
    try:
        answers = lake.query_all(missing, timeout=timeout, span=span) if missing else {}
    except LakeError as error:
        raise DashboardError(str(error)) from error
    for name, answer in answers.items():
        if isinstance(answer, Exception):
            raise DashboardError(f"{paging.pages()[name].title}: {answer}") from answer
        _kept.put((id(lake), sqls[name]), answer)
        found[name] = answer
    return {name: hiding.hidden(table) for name, table in found.items() if table is not None}


def forget() -> None:
    """Ask anew at the next question: after an act whose effect must be seen."""
    _kept.clear()


def _span(asked: Mapping[str, Mapping[str, Any]]) -> tuple[datetime, datetime] | None:
    """What time all of these questions are about together; ``None`` where one of them asks large tables about all time."""
    spans = []
    for name, values in asked.items():
        sql = paging.pages()[name].sql
        since, until = values.get("since"), values.get("until")
        if "$since" in sql and isinstance(since, datetime) and isinstance(until, datetime):
            spans.append((since, until))
        elif _LARGE.search(sql):
            return None
    return (min(a for a, _ in spans), max(b for _, b in spans)) if spans else None


def _bound(name: str, values: Mapping[str, Any]) -> str:
    try:
        return paging.bound(name, values)
    except (CatalogError, ParameterError) as error:
        raise DashboardError(str(error)) from error
