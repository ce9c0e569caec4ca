"""Asks the lake for a search: how many rows there are, and a page of them.

A search keeps its span and its pages while somebody looks at it: a click on a row asks nothing again, and what is written meanwhile moves no
page under the reader. A new search sees it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dashboards import data, workbench
from dashboards.interface import DashboardError
from dashboards.search import slices
from dashboards.search.criteria import Criteria
from dashboards.search.slices import HOUR, Found, TooLateError, Turn

PAGE = 200
EXPORT_S = 120.0
COUNT_S = 15.0
LATE = "took longer than"
"""What a lake says of a question that took too long."""
Span = tuple[datetime, datetime]


@dataclass
class Search:
    """One search: ``total`` rows where the hours tell, and the pages that were looked at so far, the newest first."""

    criteria: Criteria
    span: Span
    content: bool
    total: int | None = None
    hours: list[tuple[datetime, int]] = field(default_factory=list)
    pages: list[tuple[Turn, Found]] = field(default_factory=list)

    @property
    def found(self) -> Found:
        """The page that is shown."""
        return self.pages[-1][1]

    def begin(self) -> None:
        """Count, and ask for the first page. Raises ``DashboardError``."""
        began = time.monotonic()
        if self.criteria.record == "activity":
            self.hours, self.total = _counted(self.criteria, self.span)
        self._turn(Turn(self.span[1]), slices.BUDGET_S - (time.monotonic() - began))

    def older(self) -> None:
        """Ask for the page below. Raises ``DashboardError``."""
        self._turn(self.pages[-1][0].after(self.found), slices.BUDGET_S)

    def newer(self) -> None:
        """Back to the page above, as it was."""
        if len(self.pages) > 1:
            self.pages.pop()

    def go_on(self) -> None:
        """Look further back for this page, for longer. Raises ``DashboardError``."""
        turn, found = self.pages[-1]
        more = self._newest((self.span[0], found.reached), PAGE - found.rows.num_rows, 0, slices.LONGER_S)
        rows = pa.concat_tables([found.rows, more.rows])
        self.pages[-1] = turn, Found(rows, more.reached, more.more)

    def everything(self, most: int) -> pa.Table:
        """At most so many rows of the whole search, for an export. Raises ``DashboardError``."""
        return workbench.ask(self._question, limit=most, timeout=EXPORT_S, **self._values(self.span))

    def _turn(self, turn: Turn, budget: float) -> None:
        found = self._newest((self.span[0], turn.until), PAGE, turn.skip, budget)
        self.pages.append((turn, found))

    def _newest(self, span: Span, page: int, skip: int, budget: float) -> Found:
        if self.criteria.record != "activity":  # few rows: one question for all of the time
            rows = self._rows(*span, page + skip + 1, slices.LEAST_S)
            return Found(rows.slice(skip, page), span[0], more=rows.num_rows > page + skip)
        exact = self.criteria.countable()
        return slices.newest(self._rows, self.hours, span, page, exact=exact, skip=skip, budget=budget)

    def _rows(self, since: datetime, until: datetime, most: int, timeout: float) -> pa.Table:
        try:
            return data.ask(self._question, timeout=timeout, limit=most, **self._values((since, until)))
        except DashboardError as error:
            raise (TooLateError(str(error)) if LATE in str(error) else error) from error

    def _values(self, span: Span) -> dict[str, Any]:
        return {**self.criteria.values(content=self.content), "since": span[0], "until": span[1]}

    @property
    def _question(self) -> str:
        return f"audit_{self.criteria.record}"


def _counted(criteria: Criteria, span: Span) -> tuple[list[tuple[datetime, int]], int | None]:
    """Hours with rows that may fit, and how many fit in all where that is known."""
    values = criteria.hours()
    found = data.ask("audit_hours", timeout=COUNT_S, **{**values, "since": span[0], "until": span[1]})
    hours = list(zip(found["hour"].to_pylist(), found["events"].to_pylist(), strict=True))
    if not criteria.countable():
        return hours, None
    unsure = found.filter(pc.greater(found["unsure"], 0))["hour"].to_pylist()
    sure = sum(n for hour, n in hours if hour not in unsure)
    return hours, sure + sum(_within(values, max(hour, span[0]), min(hour + HOUR, span[1])) for hour in unsure)


def _within(values: Mapping[str, Any], since: datetime, until: datetime) -> int:
    """How many rows fit in a part of an hour: those at the ends of a span."""
    found = data.ask("audit_count", timeout=COUNT_S, **{**values, "since": since, "until": until})
    return int(found["events"][0].as_py())
