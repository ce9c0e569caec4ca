"""Pages of a made-up log: every row once, newest first, whatever the budget, and never a claim about time that was not searched."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.search import slices
from dashboards.search.slices import HOUR, ONE, Found, TooLateError, Turn, newest

T = datetime(2026, 1, 5, tzinfo=UTC)
SPAN = (T, T + 50 * HOUR)


class Log:
    """Rows at some microseconds after T, with a clock that each question moves."""

    def __init__(self, offsets, *, fits=lambda _: True, took=0.0):
        self.rows = sorted(((T + timedelta(microseconds=o), n) for n, o in enumerate(offsets) if fits(n)), reverse=True)
        counts = Counter((T + timedelta(microseconds=o)).replace(minute=0, second=0, microsecond=0) for o in offsets)
        self.hours = sorted(counts.items(), reverse=True)
        self.asked, self.now, self.took = [], 0.0, took

    def ask(self, since, until, most, timeout):
        self.asked.append((since, until))
        took = self.took(since, until) if callable(self.took) else self.took
        self.now += min(took, timeout)
        if took > timeout:
            raise TooLateError("late")
        found = [r for r in self.rows if since <= r[0] < until][:most]
        times = pa.array([t for t, _ in found], pa.timestamp("us", "UTC"))
        return pa.table({"time": times, "n": pa.array([n for _, n in found], pa.int64())})

    def newest(self, span=SPAN, page=5, **more):
        return newest(self.ask, self.hours, span, page, clock=lambda: self.now, **{"exact": True, **more})


def numbers(found):
    return found.rows["n"].to_pylist()


def hour(n):
    return n * HOUR // ONE


def paged(log, page, **more):
    """Every page, one after the other."""
    turn, seen = Turn(SPAN[1]), []
    while True:
        found = log.newest((SPAN[0], turn.until), page, skip=turn.skip, **more)
        seen.append(numbers(found))
        if not found.more:
            return seen, found
        turn = turn.after(found)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 40 * 60).map(lambda m: m * 60_000_000 * 60 // 50), max_size=60), st.integers(1, 9), st.booleans())  # fmt: skip
def test_pages_have_every_row_once_newest_first(offsets, page, exact):
    log = Log(offsets)
    seen, last = paged(log, page, exact=exact)
    assert [n for one in seen for n in one] == [n for _, n in log.rows]
    assert all(len(one) == page for one in seen[:-1])
    assert last.whole(SPAN[0])


def test_many_rows_of_one_microsecond_end_no_page_twice():
    log = Log([7] * 23 + [8])
    seen, _ = paged(log, 5)
    assert [len(one) for one in seen] == [5, 5, 5, 5, 4]
    assert sorted(n for one in seen for n in one) == list(range(24))


def test_a_page_reads_only_the_hours_that_it_needs():
    log = Log([hour(h) + m for h in range(40) for m in range(3)])
    found = log.newest()
    assert len(found.rows) == 5
    assert found.more
    assert log.asked == [(T + 38 * HOUR, SPAN[1])]


def test_hours_without_rows_are_never_read():
    log = Log([hour(3), hour(20)])
    found = log.newest()
    assert log.asked == [(T + 3 * HOUR, SPAN[1])]
    assert found.whole(SPAN[0])


def test_a_search_that_finds_nothing_stops_at_its_budget_and_says_how_far_it_got(monkeypatch):
    monkeypatch.setattr(slices, "FEWEST", 2)
    monkeypatch.setattr(slices, "MOST", 2)
    log = Log([hour(h) for h in range(40)], fits=lambda n: n == 0, took=0.3)
    found = log.newest(exact=False, budget=1.0)
    assert (found.rows.num_rows, found.more) == (0, False)
    assert len(log.asked) == 4
    assert found.reached == T + 32 * HOUR
    assert not found.whole(SPAN[0])
    on = newest(log.ask, log.hours, (T, found.reached), 5, exact=False, budget=100, clock=lambda: log.now)
    assert numbers(on) == [0]
    assert on.whole(SPAN[0])


def test_slices_grow_as_long_as_they_are_fast(monkeypatch):
    monkeypatch.setattr(slices, "FEWEST", 1)
    log = Log([hour(h) for h in range(40)], fits=lambda _: False, took=0.01)
    assert log.newest(exact=False, budget=1.0).whole(SPAN[0])
    assert len(log.asked) <= 3


def test_a_slice_that_takes_too_long_ends_the_search_where_it_was(monkeypatch):
    monkeypatch.setattr(slices, "FEWEST", 1)
    monkeypatch.setattr(slices, "MOST", 1)
    log = Log(
        [hour(h) for h in range(5)], fits=lambda n: n == 4, took=lambda since, _: 99 if since < T + 2 * HOUR else 0
    )
    found = log.newest(exact=False)
    assert numbers(found) == [4]
    assert (found.reached, found.more) == (T + 2 * HOUR, False)


def test_the_first_slice_may_take_longer_but_not_for_ever():
    log = Log([hour(1)], took=slices.LEAST_S - 1)
    assert log.newest(exact=False).whole(SPAN[0])
    with pytest.raises(TooLateError):
        Log([hour(1)], took=slices.LEAST_S + 1).newest(exact=False)


def test_without_hours_there_is_nothing_and_all_is_searched():
    found = Log([]).newest()
    assert (found.rows.num_rows, found.whole(SPAN[0])) == (0, True)
    assert found.rows.column_names == ["time", "n"]


def test_what_is_whole():
    rows = pa.table({"time": []})
    assert Found(rows, T, more=False).whole(T)
    assert not Found(rows, T, more=True).whole(T)
    assert not Found(rows, T + ONE, more=False).whole(T)
