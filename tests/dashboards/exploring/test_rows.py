"""How far back the explorer's rows reach is told as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dashboards.exploring import rows
from dashboards.interface import DashboardError
from pipeline.schema import TIME

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=2)
SPAN = (SINCE, UNTIL)
HOUR = timedelta(hours=1)


def counted(*events):
    return pa.table(
        {"time": pa.array([t for t, _ in events], TIME), "events": pa.array([n for _, n in events], pa.int64())}
    )


def lake(times):
    held = sorted(times, reverse=True)

    def ask(since, until, most, timeout):
        return pa.table({"time": pa.array([t for t in held if since <= t < until][:most], TIME)})

    return ask


def test_few_rows_are_all_of_the_time():
    times = [SINCE + timedelta(minutes=n) for n in range(5)]
    found = rows.newest(lake(times), counted((SINCE, 5)), HOUR, SPAN)
    assert found.rows.num_rows == 5
    assert "all of this time" in rows.told(found, SINCE)


def test_many_rows_are_the_newest():
    times = [UNTIL - timedelta(seconds=n + 1) for n in range(1000)]
    found = rows.newest(lake(times), counted((UNTIL - HOUR, 1000)), HOUR, SPAN)
    assert found.rows["time"].to_pylist() == times[: rows.PAGE]
    assert rows.told(found, SINCE).startswith("The newest 300 rows")


def test_a_bar_of_many_hours_counts_for_each_of_them():
    hours = rows._hours(counted((SINCE, 48)), timedelta(days=2))
    assert len(hours) == 48
    assert hours[0] == (UNTIL - HOUR, 1)


def test_a_first_slice_that_takes_too_long_is_said():
    def ask(*_):
        raise DashboardError("the query took longer than 1 s")

    with pytest.raises(DashboardError, match="longer"):
        rows.newest(ask, counted((SINCE, 1)), HOUR, SPAN)
