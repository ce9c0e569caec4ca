"""What repeats is written once and handed to every row; where little repeats, the rows are written as they are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from pipeline.export.formats.joining import Coded, joined
from pipeline.export.formats.leaves import text
from pipeline.export.formats.repeats import distinct, once, once_in_piece
from pipeline.export.formats.rows import pieces

PATHS = text("path")


def rows_of(**columns):
    return pieces("activity", pa.table(columns), 10_000)[0]


@pytest.fixture
def writer():
    """Writes paths, and keeps of how many rows each time."""
    sizes = []

    def write(rows, before):
        sizes.append(len(rows))
        values = rows.plain("path")
        return None if values is None else joined([before, values])

    return SimpleNamespace(write=write, sizes=sizes)


@pytest.mark.parametrize("way", [once, once_in_piece])
def test_few_values_of_many_rows_are_written_once(way, writer):
    values = [("a", None, "c")[i % 3] for i in range(600)]
    made = way(PATHS, rows_of(path=pa.array(values)), "<", writer.write)
    assert isinstance(made, Coded)
    assert made.plain().to_pylist() == [None if v is None else f"<{v}" for v in values]
    assert writer.sizes == [3]


def test_one_value_is_a_constant(writer):
    assert once(PATHS, rows_of(path=["a"] * 300), "<", writer.write) == "<a"
    assert once(PATHS, rows_of(exe=["e"] * 300), "<", writer.write) is None
    assert writer.sizes == [1, 1]


def test_what_most_rows_have_for_themselves_is_written_as_it_is(writer):
    made = once(PATHS, rows_of(path=[f"p{i}" for i in range(300)]), "", writer.write)
    assert isinstance(made, pa.Array)
    assert len(made) == 300
    assert writer.sizes == [300]


def test_few_rows_are_written_as_they_are(writer):
    assert once(PATHS, rows_of(path=["a"] * 10), "", writer.write).to_pylist() == ["a"] * 10
    assert writer.sizes == [10]


def test_kinds_of_one_piece_share_what_is_written(writer):
    piece = rows_of(path=[f"p{i % 5}" for i in range(600)])
    even, odd = piece.take(np.arange(0, 600, 2)), piece.take(np.arange(1, 600, 2))
    made = [once_in_piece(PATHS, rows, "", writer.write) for rows in (even, odd)]
    assert writer.sizes == [5]
    assert made[0].texts is made[1].texts
    assert [m.plain().to_pylist()[:3] for m in made] == [["p0", "p2", "p4"], ["p1", "p3", "p0"]]


def test_combinations_of_columns_that_are_absent_are_one():
    codes, few = distinct(text("exe"), rows_of(path=["a", "b"]))
    assert (codes.tolist(), len(few)) == ([0, 0], 1)
