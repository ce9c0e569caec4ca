"""What evidence names, and the time around it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.findings import proof

FOUND = datetime(2026, 3, 1, tzinfo=UTC)


@given(st.lists(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)), min_size=1, max_size=5))  # noqa: DTZ001 - zone is put on below
def test_the_time_holds_every_row_and_little_more(times):
    moments = [t.replace(tzinfo=UTC) for t in times]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    rows = [{"seq": n, "time_ns": (t - epoch) // timedelta(microseconds=1) * 1000 + 999} for n, t in enumerate(moments)]
    found = proof.read(json.dumps(rows), FOUND)
    assert found.named == len(rows)
    assert found.timed
    assert found.since < min(moments)
    assert found.until > max(moments)
    assert found.until - found.since <= max(moments) - min(moments) + timedelta(milliseconds=2)


@pytest.mark.parametrize("evidence", [None, "", "{", "[]", "[1, null]", "7", "[" * 5000])
def test_evidence_that_names_nothing_is_looked_for_around_the_finding(evidence):
    found = proof.read(evidence, FOUND)
    assert (found.named, found.facts, found.timed) == (0, {}, False)
    assert found.since == FOUND - timedelta(hours=1)
    assert found.until == FOUND + timedelta(hours=1)


@pytest.mark.parametrize("time_ns", [None, True, "5", 10**40, 1.5])
def test_a_row_without_a_time_that_can_be_is_named_all_the_same(time_ns):
    found = proof.read(json.dumps([{"seq": 1, "time_ns": time_ns}]), FOUND)
    assert (found.named, found.timed) == (1, False)


def test_an_alarm_tells_facts_and_names_no_rows():
    found = proof.read('{"action": "kill", "pid": 7}', FOUND)
    assert (found.named, found.facts) == (0, {"action": "kill", "pid": 7})


def test_actions_belong_to_it_a_little_before_and_longer_after():
    found = proof.read("[]", FOUND)
    assert found.around == (found.since - timedelta(minutes=5), found.until + timedelta(hours=1))
