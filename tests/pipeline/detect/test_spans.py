from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.detect.spans import MAX_SPANS, spans


@example([0, 23_000_000], 10)  # they would touch
@given(st.lists(st.integers(0, 10_000_000).map(lambda s: s * 1_000_000), max_size=30), st.integers(0, 500))
def test_spans_cover_every_row_with_its_look_back_and_do_not_overlap(times, lookback):
    reach = timedelta(seconds=lookback)
    found = spans(np.array(times, np.int64), reach)
    assert len(found) <= MAX_SPANS
    for t in times:
        moment = datetime.fromtimestamp(t / 1e6, UTC)
        assert any(since <= moment - reach and moment + reach < until for since, until in found)
    assert all(b[0] > a[1] for a, b in pairwise(found))
    assert bool(found) == bool(times)


def test_times_beyond_the_calendar_are_no_reason_to_fail():
    found = spans(np.array([-(2**62), 0, 2**62], np.int64), timedelta(days=40_000))
    assert len(found) == 3
    assert all(since <= until for since, until in found)


def test_rows_near_each_other_share_a_stretch_and_distant_ones_do_not():
    times = np.array([0, 60, 10_000], np.int64) * 1_000_000
    assert len(spans(times, timedelta(seconds=40))) == 2
    assert len(spans(times, timedelta(seconds=10))) == 3
    assert len(spans(times, timedelta(hours=3))) == 1


def test_a_second_between_two_stretches_keeps_them_apart():
    def found(*seconds):
        return [(a.timestamp(), b.timestamp()) for a, b in spans(np.array(seconds) * 1_000_000, timedelta(seconds=10))]

    assert found(100, 123) == [(89, 135)]
    assert found(100, 124) == [(89, 112), (113, 136)]
