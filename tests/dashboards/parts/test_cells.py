"""Anything that SQL can give is a cell that a browser shows, with every character visible and every digit there."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from dashboards.parts import cells

HOSTILE = "a\nb\x1b[31m\u202egpj.exe<script>"


def shown(values, name="x", kind=None):
    return cells.table(pa.table({name: pa.array(values, kind)}))[name].to_pylist()


def test_texts_have_no_character_that_is_not_visible():
    (text,) = shown([HOSTILE])
    assert text == r"a\nb\x1b[31m\u202egpj.exe<script>"
    assert shown([[HOSTILE]]) == [json.dumps([HOSTILE], ensure_ascii=False).replace("\u202e", r"\u202e")]
    assert shown([HOSTILE], kind=pa.dictionary(pa.int32(), pa.string())) == [text]
    assert shown([HOSTILE], kind=pa.large_string()) == [text]


def test_headings_are_visible_and_differ():
    assert cells.headings(["a", "a", "b\x1b", "", "", "a (2)", "a"]) == [
        "a", "a (2)", r"b\x1b", "(no name)", "(no name) (2)", "a (2) (2)", "a (3)",
    ]  # fmt: skip
    twice = pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], names=["a", "a"])
    assert cells.table(twice).to_pylist() == [{"a": 1, "a (2)": "x"}]


def test_numbers_that_a_browser_would_round_are_text():
    assert shown([2**53, None]) == [2**53, None]
    assert shown([2**53 + 1, 1]) == ["9007199254740993", "1"]
    assert shown([-(2**63)]) == ["-9223372036854775808"]
    assert shown([None, None], kind=pa.int64()) == [None, None]


@pytest.mark.parametrize("name", ["process_key", "time_ns", "pid", "dst_port", "uid", "seq"])
def test_numbers_that_name_something_are_text(name):
    assert shown([4711], name) == ["4711"]


def test_times_numbers_and_truths_stay_what_they_are():
    t = datetime(2026, 1, 2, tzinfo=UTC)
    assert shown([t], kind=pa.timestamp("us", "UTC")) == [t]
    assert shown([1.5]) == [1.5]
    assert shown([True]) == [True]


def test_what_no_grid_has_a_cell_for_is_text():
    answer = duckdb.sql(
        "SELECT [1, NULL] l, {'a': 'x', 'b': [DATE '2026-01-02']} s, map {'k': 1} m, 1.50::DECIMAL(9, 2) d, '\\x00\\xFF'::BLOB b,"
        " INTERVAL 1 DAY i, TIME '12:00:00' AS t, DATE '2026-01-02' AS day, TIMESTAMP_NS '2026-01-02 00:00:00.123456789' ns, 170141183460469231731687303715884105727::HUGEINT h,"
        " NULL n, 'b'::ENUM ('a', 'b') e"
    ).to_arrow_table()
    row = cells.table(answer).to_pylist()[0]
    assert all(v is None or isinstance(v, str) for v in row.values())
    assert (row["l"], row["s"], row["d"]) == ("[1, null]", '{"a": "x", "b": ["2026-01-02"]}', "1.50")
    assert (row["b"], row["t"], row["day"], row["n"], row["e"]) == ("00ff", "12:00:00", "2026-01-02", None, "b")
    assert row["ns"].endswith("00:00:00.123456789")
    assert row["h"] == "170141183460469231731687303715884105727"
    assert json.loads(row["m"]) == [["k", 1]]
    assert "1" in row["i"]


def test_single_values():
    assert cells.text(Decimal("1E+3")) == "1000"
    assert cells.text(timedelta(seconds=1)) == "0:00:01"
    assert cells.text(date(2026, 1, 2)) == "2026-01-02"
    assert cells.text(b"\x00") == "00"
