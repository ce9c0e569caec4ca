"""Texts side by side against what Python joins: absent parts leave nothing behind, and no row gets lost."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export.formats.joining import (
    Coded,
    any_of,
    constants_together,
    enclosed,
    everywhere,
    joined,
    joined_where_any,
    only_where,
    together,
)


def coded(*values):
    """The values by number, NULL among them."""
    texts = list(dict.fromkeys(values))
    return Coded(np.array([texts.index(v) for v in values], np.int64), pa.array(texts, pa.string()))


def as_list(fragment, count):
    if isinstance(fragment, Coded):
        fragment = fragment.plain()
    return fragment.to_pylist() if isinstance(fragment, pa.Array) else [fragment] * count


CELLS = st.lists(st.none() | st.sampled_from(["", "a", "b"]), min_size=3, max_size=3)
FRAGMENTS = st.one_of(
    st.none(), st.just("k"), CELLS.map(lambda v: coded(*v)), CELLS.map(lambda v: pa.array(v, pa.string()))
)


@settings(deadline=None, max_examples=60)
@given(st.lists(FRAGMENTS, min_size=1, max_size=4))
def test_any_parts_are_joined_as_python_would(parts):
    rows = list(zip(*(as_list(part, 3) for part in parts), strict=True))
    there = [[p for p in row if p is not None] for row in rows]
    assert as_list(joined_where_any(parts, ","), 3) == [",".join(row) if row else None for row in there]
    assert as_list(enclosed(parts, "<", ">"), 3) == [f"<{','.join(row)}>" if row else None for row in there]
    assert as_list(together(["[", *parts, "]"]), 3) == [f"[{''.join(row)}]" for row in there]
    assert [everywhere(part) for part in parts] == [None not in as_list(part, 3) for part in parts]
    found = any_of(parts)
    assert [v is not None for v in as_list(found, 3)] == [bool(row) for row in there]
    assert as_list(only_where(parts, "x"), 3) == [None if None in row else "x" for row in rows]


def test_join_keeps_rows_of_which_every_part_is_absent():
    # Arrow 26 drops such a row from the result of binary_join_element_wise instead of leaving it empty.
    made = joined_where_any([pa.array([None, "a", None]), pa.array([None, None, "b"])], ",")
    assert made.to_pylist() == [None, "a", "b"]


def test_one_behind_the_other_is_null_where_one_is():
    assert joined(["<", coded("a", None), pa.array(["x", "y"]), ">"]).to_pylist() == ["<ax>", None]


@pytest.mark.parametrize(
    ("parts", "wanted"), [(["a", "b", None, "c"], ["a,b,c"]), ([None], []), (["a", None, "b"], ["a,b"])]
)
def test_neighbouring_constants_become_one(parts, wanted):
    assert constants_together(parts, ",") == wanted
