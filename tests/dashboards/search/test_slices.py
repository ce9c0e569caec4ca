"""Slices of time: whatever the rows and their hours, pages together are all rows, newest first, each once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.search import slices
from dashboards.search.slices import HOUR, TooLateError, Turn
from pipeline.schema import TIME

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=3)


def lake(times):
    held = sorted(times, reverse=True)

    def ask(since, until, most, timeout):
        assert timeout > 0
        return pa.table({"time": pa.array([t for t in held if since <= t < until][:most], TIME)})

    return ask


def hours_of(times):
    counted = {}
    for t in times:
        hour = t.replace(minute=0, second=0, microsecond=0)
        counted[hour] = counted.get(hour, 0) + 1
    return sorted(counted.items(), reverse=True)


moments = st.lists(st.integers(0, 3 * 86400 - 1).map(lambda s: SINCE + timedelta(seconds=s)), max_size=60)


@settings(deadline=None)
@given(moments, st.integers(1, 7), st.booleans())
def test_pages_together_are_all_rows(times, page, exact):
    ask, hours, turn, seen = lake(times), hours_of(times), Turn(UNTIL), []
    for _ in range(len(times) + 2):
        found = slices.newest(ask, hours, (SINCE, turn.until), page, exact=exact, skip=turn.skip, clock=lambda: 0.0)
        seen += found.rows["time"].to_pylist()
        if not found.more:
            break
        turn = turn.after(found)
    assert seen == sorted(times, reverse=True)
    assert found.whole(SINCE)


def test_hours_without_rows_are_not_read():
    asked = []
    times = [SINCE + timedelta(minutes=5)]

    def ask(since, until, most, timeout):
        asked.append((since, until))
        return lake(times)(since, until, most, timeout)

    found = slices.newest(ask, hours_of(times), (SINCE, UNTIL), 10, exact=True, clock=lambda: 0.0)
    assert found.rows.num_rows == 1
    assert len(asked) == 1


def test_when_the_time_is_over_it_says_how_far_back_it_got():
    times = [SINCE + HOUR * n for n in range(48)]
    clock = iter(float(n) for n in range(1000))
    found = slices.newest(
        lake(times),
        [(t, 10_000_000) for t in sorted(times, reverse=True)],
        (SINCE, UNTIL),
        1000,
        exact=False,
        budget=1.0,
        clock=lambda: next(clock),
    )
    assert not found.more
    assert found.reached > SINCE
    assert not found.whole(SINCE)
    assert found.rows["time"].to_pylist() == [t for t in sorted(times, reverse=True) if t >= found.reached]


def test_a_first_slice_that_is_too_late_is_an_error_and_a_later_one_an_end():
    def never(*_):
        raise TooLateError("longer")

    with pytest.raises(TooLateError):
        slices.newest(never, [(SINCE, 1)], (SINCE, UNTIL), 5, exact=True)


def test_rows_of_one_microsecond_lie_on_both_pages_but_once():
    times = [SINCE] * 7
    ask, hours = lake(times), hours_of(times)
    turn, seen = Turn(UNTIL), 0
    for _ in range(9):
        found = slices.newest(ask, hours, (SINCE, turn.until), 3, exact=True, skip=turn.skip, clock=lambda: 0.0)
        seen += found.rows.num_rows
        if not found.more:
            break
        turn = turn.after(found)
    assert seen == 7
