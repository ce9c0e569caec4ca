"""Charts: bars that add up, colours that stand out, clicks that are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dashboards.parts import charts
from pipeline.schema import SEVERITIES, VERDICTS
from tests.dashboards.test_appearance import contrast

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("palette", [charts.SEVERITY, charts.VERDICT, charts.ACTIVITY, charts.SCOPE])
@pytest.mark.parametrize("back", ["#ffffff", "#12161c"])
def test_colours_stand_out_three_to_one(palette, back):
    assert {name: colour for name, colour in palette.items() if contrast(colour, back) < 2.9} == {}


def test_every_word_of_the_schema_has_a_colour():
    assert set(charts.SEVERITY) == set(SEVERITIES)
    assert set(charts.VERDICT) == {*VERDICTS, "none"}


@pytest.mark.parametrize(
    "span",
    [timedelta(minutes=1), HOUR, timedelta(days=1), timedelta(days=30), timedelta(days=400), timedelta(days=3650)],
)
def test_bars_are_round_and_not_too_many(span):
    width = charts.step(START, START + span)
    assert span / width <= 123
    assert charts.step(START, START + span, HOUR) >= HOUR


def test_stacked_bars_add_up_in_the_order_of_the_palette():
    rows = pa.table({"t": [START, START, START + HOUR], "v": ["deny", "allow", "odd"], "n": [2, 5, 3]})
    boxes, there = charts.stacked(rows, "t", "n", "v", charts.VERDICT, HOUR)
    assert [(b["v"], b["low"], b["high"]) for b in boxes] == [("allow", 0, 5), ("deny", 5, 7), ("odd", 0, 3)]
    assert {b["until"] - b["from"] for b in boxes} == {3_600_000}
    assert there == ["allow", "deny", "odd"]


@pytest.mark.parametrize(("event", "found"), [
    (None, []), ({}, []), ({"selection": {}}, []), ({"selection": {"picked": [{"v": "deny"}, {"w": 1}, "x"]}}, ["deny"]),
])  # fmt: skip
def test_clicks_are_read(event, found):
    assert charts.picked(event, "v") == found
