"""Values of every Arrow type as JSON, compared with what Python's own json reads back."""

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.values import cell, distinct_names, json_text, plain, rows_of


def test_timestamps_are_iso_8601_with_z_whatever_their_unit_and_zone():
    moment = datetime(2026, 11, 25, 12, 0, 0, 5, tzinfo=UTC)
    for type_ in (pa.timestamp("us", tz="UTC"), pa.timestamp("ns", tz="Europe/Berlin"), pa.timestamp("us")):
        value = moment if type_.tz else moment.replace(tzinfo=None)
        assert rows_of(pa.table({"t": pa.array([value, None], type_)})) == [
            {"t": "2026-11-25T12:00:00.000005Z"},
            {"t": None},
        ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (math.nan, None),
        (math.inf, None),
        (Decimal(10) ** 30, 10**30),
        (Decimal("1.5"), 1.5),
        (b"a\xff", "a\\xff"),
        (timedelta(milliseconds=1500), 1.5),
        ({"a": [b"x", None]}, {"a": ["x", None]}),
        ([(1, 2)], [[1, 2]]),
    ],
)
def test_scalars(value, expected):
    assert plain(value) == expected


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_json_is_ascii_and_loses_nothing(texts):
    said = json_text(texts)
    assert said.isascii()
    assert json.loads(said) == texts


def test_text_that_is_no_utf8_is_shown_escaped():
    offsets = pa.array([0, 2], pa.int32()).buffers()[1]
    bad = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"\xff\xfe")])
    assert rows_of(pa.table({"path": bad})) == [{"path": "\\xff\\xfe"}]


def test_a_column_name_that_stands_twice_is_told_apart():
    table = pa.Table.from_arrays([pa.array([n]) for n in range(4)], names=["a", "a", "a_2", "a"])
    assert rows_of(distinct_names(table)) == [{"a": 0, "a_2": 1, "a_2_2": 2, "a_3": 3}]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (True, "true"), (3, "3"), ("a\nb", "a\\nb"), ({"k": ["\x1b"]}, '{"k": ["\\u001b"]}')],
)
def test_cells(value, shown):
    assert cell(value) == shown
