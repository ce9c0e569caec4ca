"""Charts of any result: sums that add up, few bars, hostile words harmless."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from dashboards.hunting import drawing

START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = pa.table({
    "time": pa.array([START + timedelta(minutes=40 * n) for n in range(12)], pa.timestamp("us", tz="UTC")),
    "word": ["a", "b", "a", None] * 3, "n": list(range(12)), "list": [[1]] * 12,
})  # fmt: skip


def test_axes_are_what_can_be_drawn():
    found = drawing.axes(ROWS)
    assert found.x == ["time", "word", "n"]
    assert found.y == [drawing.COUNT, "n"]


def test_rows_that_share_a_word_are_one_bar():
    assert drawing.totals(ROWS, "word", drawing.COUNT).to_pylist()[0] == {"x": "a", "value": 6}
    assert sum(drawing.totals(ROWS, "word", "n")["value"].to_pylist()) == sum(range(12))


def test_times_are_by_the_hour_the_newest_first():
    found = drawing.totals(ROWS, "time", drawing.COUNT).to_pylist()
    assert found[0]["x"] == START + timedelta(hours=7)
    assert sum(r["value"] for r in found) == 12


def test_bars_are_few_and_words_harmless():
    many = pa.table({"w": [f"<b>{n}\n" for n in range(2000)]})
    found = drawing.totals(many, "w", drawing.COUNT)
    assert found.num_rows == drawing.MOST
    text = drawing.chart(found.slice(0, 1), "w", drawing.COUNT).to_json()
    assert "\\\\n" in text


def test_no_rows_are_no_bars():
    assert drawing.totals(ROWS.slice(0, 0), "time", drawing.COUNT).num_rows == 0
