"""The part of a run that is shown: always within the run, never empty, and what the address says where it can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.runs import zoom

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = BEGIN + timedelta(hours=1)
moments = st.integers(-7200, 7200).map(lambda s: BEGIN + timedelta(seconds=s))


@given(moments, moments, st.lists(st.sampled_from(["closer", "wider", "earlier", "later"]), max_size=30))
def test_no_step_leaves_the_run(since, until, steps):
    part, _ = zoom.read(BEGIN, END, since.isoformat(), until.isoformat())
    for step in steps:
        part = {
            "closer": part.closer,
            "wider": part.wider,
            "earlier": lambda p=part: p.moved(-1),
            "later": lambda p=part: p.moved(1),
        }[step]()
        assert part.begin <= part.since < part.until <= part.end


def test_the_address_is_read_and_written_alike():
    part, odd = zoom.read(
        BEGIN, END, (BEGIN + timedelta(minutes=5)).isoformat(), (BEGIN + timedelta(minutes=7)).isoformat()
    )
    assert not odd
    assert zoom.read(BEGIN, END, **part.query()) == (part, False)
    assert part.until - part.since == timedelta(minutes=2)


@pytest.mark.parametrize(("since", "until"), [(None, None), ("7d", None), ("2020-01-01", "2020-01-02")])
def test_what_is_about_other_times_is_the_whole_run(since, until):
    part, odd = zoom.read(BEGIN, END, since, until)
    assert part.whole
    assert not odd
    assert part.query() == {}


def test_what_cannot_be_read_is_told():
    part, odd = zoom.read(BEGIN, END, "yesterday", None)
    assert part.whole
    assert odd
