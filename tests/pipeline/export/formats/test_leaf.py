"""A leaf writes its values as JSON, quoted where they are text, and in pieces where each row has its own."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from pipeline.export.formats.assembly import assembled
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.rows import pieces


def rows_of(count):
    return pieces("activity", pa.table({"path": ["a"] * count}), 10_000)[0]


def texts(leaf, count, before=""):
    """What the leaf writes, by its pieces; the same as at once."""
    made = assembled([(np.arange(count), leaf.pieces(rows_of(count), before))], count).to_pylist()
    whole = leaf.text(rows_of(count), before)
    assert made == (whole.to_pylist() if isinstance(whole, pa.Array) else [whole] * count)
    return made


@pytest.mark.parametrize("often_new", [False, True])
@pytest.mark.parametrize(
    "values",
    [["a", 'x"\n', "\u2028"], ["a", None, ""], [1, None, -(2**63)], [True, False, None], [0.5, 1e300, -0.0]],
    ids=["text", "text and NULL", "numbers", "truth", "fractions"],
)
def test_values_read_back(values, often_new):
    made = texts(Leaf((), lambda _: pa.array(values), often_new=often_new), 3)
    assert [None if m is None else json.loads(m) for m in made] == values


def test_numbers_that_are_none_are_absent():
    made = texts(Leaf((), lambda _: pa.array([1.5, float("nan"), float("inf")]), often_new=True), 3, '"x":')
    assert made == ['"x":1.5', None, None]


def test_text_before_stands_only_before_values():
    leaf = Leaf((), lambda _: pa.array(["a", None]), often_new=True)
    assert texts(leaf, 2, '"k":') == ['"k":"a"', None]
    assert texts(Leaf((), lambda _: pa.array(["[1]", None]), is_json=True, often_new=True), 2, '"k":') == [
        '"k":[1]',
        None,
    ]


@pytest.mark.parametrize("nothing", [None, pa.nulls(2, pa.string())])
def test_no_value_at_all_is_nothing(nothing):
    leaf = Leaf((), lambda _: nothing, often_new=True)
    assert leaf.pieces(rows_of(2), "") == []
    assert leaf.text(rows_of(2), "") is None
