"""Rows of the activity explorer, newest first, as far back as a moment of time allows; and the kinds of secret that they touch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from dashboards import data
from dashboards.interface import DashboardError
from dashboards.search import slices
from dashboards.search.slices import Found, TooLateError

PAGE = 300
EXPORT_S = 120.0
KINDS_OF = 3_000_000
"""Events among which they are counted; it takes a second for about so many."""
TOO_MANY = "Kinds of secret are not counted over so much activity: choose a shorter time."
KINDS_S = 4.0
"""What counting kinds of secret may take: paths are looked at one by one, which no hour has counted before."""


def newest(ask: slices.Ask, over_time: pa.Table, width: timedelta, span: tuple[datetime, datetime]) -> Found:
    """A page of rows. ``over_time`` (``time``, ``events``) tells where there are any. Raises ``DashboardError``."""

    def asked(since: datetime, until: datetime, most: int, timeout: float) -> pa.Table:
        try:
            return ask(since, until, most, timeout)
        except DashboardError as error:
            raise (TooLateError(str(error)) if "took longer than" in str(error) else error) from error

    try:
        return slices.newest(asked, _hours(over_time, width), span, PAGE, exact=False)
    except TooLateError as error:
        raise DashboardError(str(error)) from error


def told(found: Found, since: datetime) -> str:
    """How many rows there are, and how far back they reach."""
    if found.whole(since):
        return f"{found.rows.num_rows:,} rows: all of this time"
    if found.more:
        return f"The newest {found.rows.num_rows:,} rows, back to {found.reached:%Y-%m-%d %H:%M} UTC"
    return f"{found.rows.num_rows:,} rows so far, searched back to {found.reached:%Y-%m-%d %H:%M} UTC"


def kinds(bar: Mapping[str, Any], events: int) -> pa.Table | str:
    """Kinds of secret with their counts among so many events, or why they cannot be told."""
    if events > KINDS_OF:
        return TOO_MANY
    try:
        return data.ask("explorer_kinds", timeout=KINDS_S, **bar)
    except DashboardError as error:
        if "took longer than" not in str(error):
            raise
        return TOO_MANY


def _hours(over_time: pa.Table, width: timedelta) -> list[tuple[datetime, int]]:
    """Hours in which there may be rows, the newest first; a bar of many hours shares its count among them."""
    events: dict[datetime, int] = {}
    for time, count in zip(over_time["time"].to_pylist(), over_time["events"].to_pylist(), strict=True):
        events[time] = events.get(time, 0) + count
    each = max(1, round(width / slices.HOUR))
    hours = [(time + slices.HOUR * n, -(-count // each)) for time, count in events.items() for n in range(each)]
    return sorted(hours, reverse=True)
