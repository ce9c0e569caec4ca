"""Searches newest first, in slices of time that widen backwards, until a page is full or the time for it is over.

How many rows can fit in each hour is known before (``audit_hours``), so that a slice is as wide as it has to be and hours without such rows are
never read. A search that finds nothing says how far back it got, and can go on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from dashboards.interface import DashboardError

BUDGET_S = 1.0
"""How long a search may take before it says how far back it got."""
LONGER_S = 10.0
"""The same for a person who said that it should go on."""
FEWEST = 200_000
"""Rows that are looked at in one slice at least."""
MOST = 50_000_000
LEAST_S = 15.0
"""What the first slice may take: below it nothing would ever be found."""

Ask = Callable[[datetime, datetime, int, float], pa.Table]
"""Rows of a slice, newest first: begin, end, at most so many, within so many seconds."""
HOUR = timedelta(hours=1)
ONE = timedelta(microseconds=1)


class TooLateError(DashboardError):
    """A slice took longer than it was given."""


@dataclass(frozen=True)
class Found:
    """``rows``, newest first. All since ``reached`` was looked at; ``more``: older rows that fit may be there."""

    rows: pa.Table
    reached: datetime
    more: bool

    def whole(self, since: datetime) -> bool:
        """Whether nothing of the span was left out."""
        return not self.more and self.reached <= since


@dataclass(frozen=True)
class Turn:
    """Where a page begins: below ``until``, after ``skip`` rows of the last microsecond before it."""

    until: datetime
    skip: int = 0

    def after(self, found: Found) -> Turn:
        """The page below a full one. Rows of one microsecond may lie on both."""
        times = found.rows["time"].to_pylist()
        last = times[-1]
        same = sum(t == last for t in times)
        again = self.skip if last + ONE == self.until and same == len(times) else 0
        return Turn(last + ONE, same + again)


def newest(
    ask: Ask, hours: Sequence[tuple[datetime, int]], span: tuple[datetime, datetime], page: int, *,
    exact: bool, skip: int = 0, budget: float = BUDGET_S, clock: Callable[[], float] = time.monotonic,
) -> Found:  # fmt: skip
    """A page of the rows of a span. ``hours``: which have rows that may fit and how many, the newest first; ``exact``: they all fit.

    At least one slice is looked at. Raises what ``ask`` raises, but ``TooLateError`` only for the first.
    """
    since, until = span
    started, wanted = clock(), page + skip
    parts: list[pa.Table] = []
    left, reached = wanted, until
    sizes = _Sizes(wanted + 1 if exact else FEWEST)
    plan = windows(hours, since, until, sizes)
    for begin, end, rows in plan:
        over = budget - (clock() - started)
        if parts and over <= 0:
            return _found(parts, skip, reached, more=False)
        before = clock()
        try:
            part = ask(begin, end, left + 1, max(2 * over, 1.0) if parts else LEAST_S)
        except TooLateError:
            if parts:
                return _found(parts, skip, reached, more=False)
            raise
        parts.append(part.slice(0, left))
        reached = begin
        if part.num_rows > left:
            return _found(parts, skip, reached, more=True)
        left -= part.num_rows
        sizes.measured(rows, clock() - before, budget - (clock() - started))
    return _found(parts or [ask(since, since, 1, LEAST_S)], skip, min(since, reached), more=False)


class _Sizes:
    """How many rows the next slice may hold: as many as the time that is left is good for, as the last one went."""

    def __init__(self, first: int) -> None:
        self.next = max(1, first)

    def measured(self, rows: int, took: float, left: float) -> None:
        """A slice of so many rows took so long, and so long is left."""
        self.next = min(MOST, max(self.next, FEWEST, int(rows / max(took, 0.001) * left)))


def windows(
    hours: Sequence[tuple[datetime, int]], since: datetime, until: datetime, sizes: _Sizes
) -> Iterator[tuple[datetime, datetime, int]]:
    """Slices of a span with how many rows they hold: whole hours, until one has as many as it may. The last one ends at ``since``."""
    end, rows = until, 0
    within = [(hour, n) for hour, n in hours if hour < until and hour + HOUR > since and n]
    for position, (hour, n) in enumerate(within):
        rows += n
        begin = max(hour, since)
        if begin < end and (rows >= sizes.next or position == len(within) - 1):
            yield begin, end, rows
            end, rows = begin, 0


def _found(parts: Sequence[pa.Table], skip: int, reached: datetime, *, more: bool) -> Found:
    return Found(pa.concat_tables(parts).slice(skip), reached, more)
