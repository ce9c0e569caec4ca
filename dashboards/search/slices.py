"""Searches newest first, in slices of time that widen backwards, until a page is full or the time for it is over.

A search over a year that finds a page of rows in the last hour must not read the year. One that finds nothing says how far back it got, and
can go on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa

FIRST = timedelta(hours=1)
WIDER = 6
"""How much longer each slice is than the one before."""
BUDGET_S = 4.0

Ask = Callable[[datetime, datetime, int], pa.Table]
"""Rows of a slice, newest first, at most so many."""


@dataclass(frozen=True)
class Found:
    """``rows``, newest first; all since ``reached`` were looked at. ``full``: there may be more since then as well."""

    rows: pa.Table
    reached: datetime
    full: bool

    def whole(self, since: datetime) -> bool:
        """Whether nothing of the search is left."""
        return not self.full and self.reached <= since


def windows(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Slices of a span, the newest first."""
    length, end = FIRST, until
    while end > since:
        begin = max(since, end - length) if end - since > length else since
        yield begin, end
        end, length = begin, length * WIDER


def newest(
    ask: Ask,
    since: datetime,
    until: datetime,
    page: int,
    *,
    budget: float = BUDGET_S,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """A page of rows. At least one slice is looked at, however long it takes. Raises what ``ask`` raises."""
    started = clock()
    parts: list[pa.Table] = []
    left, reached = page, until
    for begin, end in windows(since, until):
        if parts and clock() - started > budget:
            return Found(pa.concat_tables(parts), reached, full=False)
        part = ask(begin, end, left + 1)
        parts.append(part.slice(0, left))
        if part.num_rows > left:
            return Found(pa.concat_tables(parts), begin, full=True)
        left -= part.num_rows
        reached = begin
        if left == 0 and reached > since:
            return Found(pa.concat_tables(parts), reached, full=True)
    return Found(pa.concat_tables(parts) if parts else ask(since, since, 1), min(reached, since), full=False)


def day(moment: datetime) -> str:
    """A moment for a person."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
