"""What is saved is what was there: read back by other readers, cell by cell, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.parts.formats import FORMATS, FORMULA, defused, made

T = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ROWS = pa.table({
    "path": ["=cmd|' /C calc'!A0", "a\nb\x1b[31m", None, "\u202e<script>"],
    "process_key": pa.array([2**63 - 1, -(2**53) - 1, None, 0], pa.int64()),
    "time": pa.array([T, None, T, T], pa.timestamp("us", "UTC")),
    "confidence": [1.5, math.nan, math.inf, None],
    "parts": [["-x", "y"], [], None, [None]],
})  # fmt: skip


def read_csv(rows):
    return list(csv.reader(io.StringIO(made(rows, "CSV").decode(), newline="")))


@pytest.mark.parametrize("sign", [*"=+-@\t\r\n", "＝", "＋", "－", "＠"])
def test_no_cell_begins_like_a_formula(sign):
    rows = pa.table({"x": [f"{sign}1+1", "safe", None], "d": pa.array([f"{sign}A", "b", None]).dictionary_encode(), f"{sign}x": ["a", "b", "c"]})  # fmt: skip
    heading, *lines = read_csv(rows)
    assert heading == ["x", "d", f"'{sign}x"]
    assert lines == [[f"'{sign}1+1", f"'{sign}A", "a"], ["safe", "b", "b"], ["", "", "c"]]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=5))
def test_any_text_comes_back_from_csv_with_at_most_a_quote_in_front(texts):
    _, *lines = read_csv(pa.table({"x": texts, "y": ["z"] * len(texts)}))
    assert [line[0].replace("\r\n", "\n").replace("\r", "\n") for line in lines] == [
        (("'" if t[:1] and t[0] in FORMULA else "") + t).replace("\r\n", "\n").replace("\r", "\n") for t in texts
    ]


def test_csv_has_every_digit_and_lists_as_json():
    heading, *lines = read_csv(ROWS)
    assert heading == ["path", "process_key", "time", "confidence", "parts"]
    assert [line[1] for line in lines] == ["9223372036854775807", "-9007199254740993", "", "0"]
    assert lines[0][2] == "2026-01-02 03:04:05.678901Z"
    assert [line[4] for line in lines] == ['["-x", "y"]', "[]", "", "[null]"]


def refused(word):
    raise AssertionError(f"JSON has no {word}")


def test_json_is_read_by_strict_readers_with_every_digit():
    rows = json.loads(made(ROWS, "JSON"), parse_constant=refused)
    assert [r["process_key"] for r in rows] == [2**63 - 1, -(2**53) - 1, None, 0]
    assert [r["confidence"] for r in rows] == [1.5, None, None, None]
    assert [r["path"] for r in rows] == ROWS["path"].to_pylist()
    assert rows[0]["time"] == "2026-01-02T03:04:05.678901+00:00"
    assert rows[0]["parts"] == ["-x", "y"]


def test_json_has_no_number_that_is_none_also_deep_in_a_list():
    rows = duckdb.sql("SELECT [{'a': 'NaN'::DOUBLE}] AS x").to_arrow_table()
    assert json.loads(made(rows, "JSON"), parse_constant=refused) == [{"x": [{"a": None}]}]


def test_parquet_is_the_same_table():
    assert pq.read_table(io.BytesIO(made(ROWS, "Parquet"))).drop_columns("confidence").equals(ROWS.drop_columns("confidence"))  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_what_sql_can_give_can_be_saved(kind):
    rows = duckdb.sql(
        "SELECT 1 AS a, 2 AS a, INTERVAL 1 DAY i, map {'k': 1} m, '\\xFF'::BLOB b, 1.5::DECIMAL(9, 2) d, DATE '2026-01-02' AS day, NULL n,"
        " TIMESTAMP_NS '2026-01-02 00:00:00.123456789' ns, 'b'::ENUM ('a', 'b') e, 170141183460469231731687303715884105727::HUGEINT h"
    ).to_arrow_table()
    assert len(made(rows, kind)) > 20
    assert len(made(rows.slice(0, 0), kind)) > 1


def test_no_rows_are_an_empty_list():
    assert json.loads(made(ROWS.slice(0, 0), "JSON")) == []
    assert read_csv(ROWS.slice(0, 0)) == [ROWS.column_names]


def test_many_rows_are_all_there():
    rows = pa.table({"n": range(12_345)})
    assert [r["n"] for r in json.loads(made(rows, "JSON"))] == list(range(12_345))
    assert defused(rows).num_rows == 12_345
