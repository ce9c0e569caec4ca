"""Charts of any result: sums that add up, few bars, hostile words harmless, whatever types a person's SQL gives."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from dashboards.hunting import drawing
from dashboards.hunting.drawing import COUNT, NONE, OTHER

START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = pa.table({
    "time": pa.array([START + timedelta(minutes=40 * n) for n in range(12)], pa.timestamp("us", tz="UTC")),
    "word": ["a", "b", "a", None] * 3, "n": list(range(12)), "list": [[1]] * 12,
})  # fmt: skip


def by_x(bars):
    found = {}
    for bar in bars:
        found[bar["x"]] = found.get(bar["x"], 0) + bar["value"]
    return found


def test_axes_are_what_can_be_drawn_times_first():
    found = drawing.axes(ROWS.select(["word", "time", "n", "list"]))
    assert found.x == ["time", "word", "n"]
    assert found.y == [COUNT, "n"]
    assert found.colour == [NONE, "word"]


def test_rows_that_share_a_word_are_one_bar_and_nothing_is_no_bar():
    bars, width = drawing.totals(ROWS, "word", COUNT)
    assert (by_x(bars), width) == ({"a": 6, "b": 3}, None)
    assert by_x(drawing.totals(ROWS, "word", "n")[0]) == {"a": 0 + 2 + 4 + 6 + 8 + 10, "b": 1 + 5 + 9}


def test_times_are_in_round_stretches_and_colours_add_up():
    bars, width = drawing.totals(ROWS, "time", COUNT, "word")
    assert width is not None
    assert sum(b["value"] for b in bars) == 12
    assert {b["colour"] for b in bars} == {"a", "b", "none"}
    assert all((b["x"] - START) % width == timedelta(0) for b in bars)


def test_of_many_words_the_largest_and_of_many_times_the_newest_are_drawn():
    words = pa.table({"w": [f"w{n}" for n in range(500) for _ in range(1 + n % 2)]})
    bars, _ = drawing.totals(words, "w", COUNT)
    assert len(bars) == drawing.MOST
    assert {b["value"] for b in bars} == {2}
    times = pa.array([START + timedelta(hours=30 * n) for n in range(3000)], pa.timestamp("us", tz="UTC"))
    bars, _ = drawing.totals(pa.table({"t": times}), "t", COUNT)
    assert len({b["x"] for b in bars}) <= drawing.MOST
    assert max(b["x"] for b in bars) > START + timedelta(hours=30 * 2950)


def test_few_colours_the_rest_is_other():
    rows = pa.table({"x": ["a"] * 55, "c": [f"c{n}" for n in range(10) for _ in range(n + 1)]})
    bars, _ = drawing.totals(rows, "x", COUNT, "c")
    assert {b["colour"] for b in bars} == {*(f"c{n}" for n in range(3, 10)), OTHER}
    assert sum(b["value"] for b in bars) == 55


def test_words_are_harmless_and_boxes_lie_on_each_other():
    rows = pa.table({"w": ["<b>\n\u202e"] * 2, "c": ["x", "y"]})
    bars, width = drawing.totals(rows, "w", COUNT, "c")
    drawn = json.loads(drawing.chart(bars, width, "w", COUNT).to_json())
    values = drawn["data"]["values"] if "values" in drawn["data"] else next(iter(drawn["datasets"].values()))
    assert {v["x"] for v in values} == {r"<b>\n\u202e"}
    assert sorted((v["low"], v["high"]) for v in values) == [(0, 1), (1, 2)]


def test_numbers_that_are_none_do_not_count():
    rows = pa.table({"w": ["a"] * 4, "v": [1.5, math.nan, math.inf, None]})
    assert by_x(drawing.totals(rows, "w", "v")[0]) == {"a": 1.5}


def test_no_rows_are_no_bars():
    assert drawing.totals(ROWS.slice(0, 0), "time", COUNT) == ([], timedelta(seconds=1))
    assert drawing.totals(ROWS.slice(0, 0), "word", COUNT, "word") == ([], None)


ODD = duckdb.sql(
    "SELECT 1 AS a, 'x' AS a, INTERVAL 1 DAY i, '\\xFF'::BLOB b, 1.5::DECIMAL(9, 2) d, DATE '2026-01-02' AS day, NULL n, true AS yes,"
    " TIMESTAMP_NS '2026-01-02 00:00:00.123456789' ns, TIMESTAMP '2026-01-02' AS ts, 'b'::ENUM ('a', 'b') e, 3::HUGEINT h, TIME '12:00:00' AS t"
).to_arrow_table()  # fmt: skip


@pytest.mark.parametrize("x", drawing.axes(ODD).x)
def test_any_column_can_be_drawn_over(x):
    for y in drawing.axes(ODD).y:
        for colour in drawing.axes(ODD).colour:
            bars, width = drawing.totals(ODD, x, y, colour)
            assert len(bars) == (x != "n")
            assert json.loads(drawing.chart(bars, width, x, y).to_json()) if bars else True
