"""What is counted equals a plain reading of the same rows, row by row."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.observing.counting import Counts, Histogram
from lictor.observing.metrics import BY_NAME
from pipeline import schema
from pipeline.lake import rows

BOUNDS = BY_NAME["lictor.verdict.latency"].bounds


@pytest.fixture
def counts():
    return Counts()


def seen(counts, table, given_rows):
    """Give rows as the writer does."""
    data = pa.Table.from_pylist(given_rows, schema=schema.lake_schema(table))
    counts.seen(table, rows.tidy(table, data))


def there(counts, name):
    return {
        reading.attributes: reading.value for reading in counts.readings() if reading.name == name and reading.value
    }


def plain(bounds, values):
    found = [0] * (len(bounds) + 1)
    for value in values:
        found[bisect_left(bounds, value)] += 1
    return found


@given(st.lists(st.integers(0, 20_000_000_000), max_size=50))
def test_ages_fall_where_each_would_fall_by_itself(ages):
    histogram = Histogram(BOUNDS)
    now = 10**15
    histogram.add_ages(np.array(sorted(now - age for age in ages), np.int64), now)
    assert histogram.counts == plain([round(b * 1e9) for b in BOUNDS], ages)
    assert histogram.sum == pytest.approx(sum(ages) / 1e9)


def test_the_sum_holds_where_the_times_themselves_come_to_more_than_64_bits():
    histogram, now = Histogram(BOUNDS), 4 * 10**16  # a year and a quarter of uptime
    histogram.add_ages(np.full(100_000, now - 5_000_000, np.int64), now)
    histogram.add_ages(np.full(2, now + 1_000_000, np.int64), now)  # a clock that was read too early
    assert histogram.sum == pytest.approx(100_000 * 0.005 - 2 * 0.001)


@pytest.mark.parametrize("bound", BOUNDS)
def test_an_age_on_a_bound_belongs_below_it(bound):
    one, other = Histogram(BOUNDS), Histogram(BOUNDS)
    one.add_ages(np.array([10**12 - round(bound * 1e9)]), 10**12)
    other.add(bound)
    assert one.counts == other.counts
    assert one.counts[BOUNDS.index(bound)] == 1


@given(st.lists(st.floats(0, 20)))
def test_single_values_fall_where_they_belong(values):
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.add(value)
    assert histogram.counts == plain(BOUNDS, values)
    assert histogram.sum == pytest.approx(sum(values))


def test_losses_are_counted_by_class_and_reason_and_what_was_kept_is_not(counts):
    for lost in (3, 4):
        seen(counts, "coverage", [
            {"class": "file", "reason": "ring_full", "lost": lost}, {"class": "file", "reason": "none", "lost": 0, "emitted": 9},
            {"class": "health", "reason": "prog_missed", "lost": 1},
        ])  # fmt: skip
    assert there(counts, "lictor.events.lost") == {("file", "ring_full"): 7, ("health", "prog_missed"): 2}


def test_actions_are_counted_by_kind_and_result_once_they_have_one(counts):
    seen(counts, "actions", [
        {"phase": "intent", "action": "kill"}, {"phase": "result", "action": "kill", "enforcement": "failed"},
        {"phase": "result", "action": "warn", "enforcement": "confirmed"}, {"phase": "result", "action": "warn", "enforcement": "confirmed"},
    ])  # fmt: skip
    assert there(counts, "lictor.actions") == {("kill", "failed"): 1, ("warn", "confirmed"): 2}


def test_findings_are_counted_by_severity_and_all_rows_by_table(counts):
    seen(counts, "findings", [{"severity": "high"}, {"severity": "low"}, {"severity": "high"}])
    seen(counts, "runs", [{"run": "r"}])
    assert there(counts, "lictor.findings") == {("high",): 2, ("low",): 1}
    assert there(counts, "lictor.lake.rows") == {("findings",): 3, ("runs",): 1}


def test_rows_that_say_nothing_are_rows_all_the_same(counts):
    for table in ("activity", "actions", "findings", "coverage"):
        seen(counts, table, [{}, {}])
    assert there(counts, "lictor.lake.rows") == {(t,): 2 for t in ("activity", "actions", "findings", "coverage")}
    assert there(counts, "lictor.actions") == there(counts, "lictor.events.lost") == {}


def test_counters_that_alerts_look_at_are_there_from_the_start(counts):
    names = {(reading.name, *reading.attributes) for reading in counts.readings()}
    assert {("lictor.events.lost", "file", "ring_full"), ("lictor.actions", "kill", "failed")} <= names
    assert {reading.value for reading in counts.readings()} == {0}


def test_every_counted_name_is_a_metric_with_as_many_attributes(counts):
    for reading in counts.readings():
        assert len(BY_NAME[reading.name].attributes) == len(reading.attributes)
    assert counts.histogram("lictor.batch.size") is counts.histogram("lictor.batch.size")


def times(*values):
    return schema.batch("activity", {"boottime_ns": pa.array(values, pa.int64())})


def test_ages_of_several_batches_add_up(counts):
    histogram = counts.histogram("lictor.verdict.latency")
    for i in range(5):
        counts.aged(histogram, times(5, 7), 10 + i)
    assert sum(histogram.counts) == 10
    assert histogram.sum == pytest.approx(sum(2 * (10 + i) - 12 for i in range(5)) / 1e9)


@pytest.mark.parametrize(
    ("batch", "events"),
    [(times(5, None, 7), 2), (times(None, None), 0), (schema.batch("activity", {}), 0), (schema.batch("activity", {"errno": pa.array([1], pa.int32())}), 0)],
)  # fmt: skip
def test_events_without_a_time_have_no_age(counts, batch, events):
    histogram = counts.histogram("lictor.verdict.latency")
    counts.aged(histogram, batch, 10)
    assert sum(histogram.counts) == events
