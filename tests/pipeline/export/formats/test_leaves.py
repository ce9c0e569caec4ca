"""Leaves against Python: times, choices, JSON that is opened, numbers as text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats import leaves
from pipeline.export.formats.rows import pieces

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows_of(table="activity", **columns):
    return pieces(table, pa.table(columns), 10_000)[0]


def made(leaf, rows):
    values = leaf.make(rows)
    return None if values is None else values.to_pylist()


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_time_is_iso_8601_in_utc(moment):
    rows = rows_of(time=pa.array([moment], pa.int64()).cast(schema.TIME))
    (written,) = made(leaves.iso("time"), rows)
    assert datetime.fromisoformat(written) == EPOCH + timedelta(microseconds=moment)
    assert (len(written), written[-1]) == (27, "Z")
    assert made(leaves.moment("time"), rows) == [moment // 1000]


@pytest.mark.parametrize(
    ("moment", "written"), [(-(2**63), "0001-01-01T00:00:00.000000Z"), (2**63 - 1, "9999-12-31T23:59:59.999999Z")]
)
def test_times_beyond_the_calendar_are_its_ends(moment, written):
    assert made(leaves.iso("time"), rows_of(time=pa.array([moment, None], pa.int64()).cast(schema.TIME))) == [
        written,
        None,
    ]


def test_choice_knows_listed_other_and_missing_values():
    leaf = leaves.choice("outcome", {"success": 1, "failure": 2}, 99, 0)
    assert made(leaf, rows_of(outcome=["success", "x", None, "failure"])) == [1, 99, 0, 2]
    assert made(leaf, rows_of(path=["a", "b"])) == [0, 0]
    assert made(leaves.choice("outcome", {"success": "S"}), rows_of(outcome=["success", "x", None])) == [
        "S",
        None,
        None,
    ]
    assert leaves.choice("outcome", {"success": "S"}).make(rows_of(path=["a"])) is None


def test_first_takes_what_is_there():
    leaf = leaves.first(leaves.text("path"), leaves.text("exe"), leaves.constant("?"))
    assert made(leaf, rows_of(path=pa.array([None, "p", None]), exe=["e", "f", None])) == ["e", "p", "?"]
    assert leaves.first(leaves.text("path")).make(rows_of(exe=["e"])) is None


@pytest.mark.parametrize("text", ['{"a": 1}', "[1, 2]", '"x"', "null", "12"])
def test_json_is_opened(text):
    (written,) = made(leaves.opened("marks"), rows_of(marks=[text]))
    assert json.loads(written) == json.loads(text)


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", "a\nb", "[" * 100_000, '{"a": 1} x'])
def test_what_is_no_json_stays_text(text):
    (written,) = made(leaves.opened("marks"), rows_of(marks=[text]))
    assert json.loads(written) == text
    assert written.isascii()


def test_every_column_of_every_table_has_its_leaf():
    for table, columns in schema.TABLES.items():
        names = [path for path, _ in leaves.of_columns(table, [c.name for c in columns]).leaves("")]
        assert sorted(names) == sorted(c.name for c in columns)


def test_rest_is_what_no_node_is_made_of():
    rest = leaves.rest("runs", [leaves.text("run"), leaves.text("host")], ("host",), {"table": leaves.Members({})})
    names = {path for path, _ in rest.leaves("")}
    assert names == {c.name for c in schema.RUNS} - {"run"}


def test_small_leaves():
    rows = rows_of(path=pa.array(["", "x", None]), uid=pa.array([1, None, -1], pa.int64()))
    assert made(leaves.filled("path"), rows) == [None, "x", None]
    assert made(leaves.where(leaves.text("path"), "w"), rows) == ["w", "w", None]
    assert made(leaves.digits("uid"), rows) == ["1", None, "-1"]
    assert made(leaves.as_text(leaves.number("uid")), rows) == ["1", None, "-1"]
    assert made(leaves.derived_or("pid", lambda n: n, 7), rows) == [7, 7, 7]
