from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.lake.rows import join, tidy

VALUES = st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=30)


@given(VALUES, st.booleans())
def test_tidy_keeps_every_value(values, plain):
    column = pa.array(values, pa.string())
    part = schema.batch("activity", {"path": column if plain else column.dictionary_encode()})
    full = schema.conform(tidy("activity", part), "activity")
    assert full["path"].to_pylist() == values
    assert full.num_rows == len(values)


def test_tidy_drops_columns_without_a_value(rows):
    full = schema.conform(rows(5), "activity")
    assert tidy("activity", full).schema.names == rows(5).schema.names


def test_rows_without_any_value_are_still_rows():
    nothing = pa.table({"path": pa.nulls(3, pa.string()), "pid": pa.nulls(3, pa.int32())})
    assert tidy("activity", nothing).num_rows == 3


def test_a_shared_dictionary_is_cut_to_what_is_used(dictionary):
    words = dictionary([f"/p/{i}" for i in range(100_000)]).dictionary
    column = pa.DictionaryArray.from_arrays(pa.array([7, None, 99_999, 7], pa.int32()), words)
    small = tidy("activity", schema.batch("activity", {"path": column}))["path"]
    assert len(small.chunk(0).dictionary) == 2
    assert small.to_pylist() == ["/p/7", None, "/p/99999", "/p/7"]


@given(st.lists(st.integers(0, 2999), min_size=1, max_size=40))
def test_cutting_a_dictionary_changes_no_value(codes):
    words = pa.array([f"w{i}" for i in range(3000)])
    column = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), words)
    assert tidy("activity", schema.batch("activity", {"exe": column}))["exe"].to_pylist() == [f"w{c}" for c in codes]


def test_what_the_schema_does_not_know_is_refused():
    with pytest.raises(KeyError, match="activity has no column nonsense"):
        tidy("activity", pa.table({"nonsense": [1]}))
    with pytest.raises(TypeError, match=r"activity.pid: int64, want int32"):
        tidy("activity", pa.table({"pid": pa.array([1], pa.int64())}))
    with pytest.raises(KeyError):
        tidy("no_table", pa.table({"pid": [1]}))


def test_join_fills_what_one_part_lacks(rows, dictionary):
    extra = rows(3, 10, verdict=dictionary(["deny", "allow", None]))
    both = join([tidy("activity", rows(2)), tidy("activity", extra)])
    assert both["seq"].to_pylist() == [0, 1, 10, 11, 12]
    assert both["verdict"].to_pylist() == [None, None, "deny", "allow", None]
    assert all(c.num_chunks == 1 for c in both.columns)


def test_join_unites_dictionaries(dictionary):
    parts = [tidy("activity", pa.table({"path": dictionary(v)})) for v in (["a", "b"], ["c", "a"], ["b", "b"])]
    assert join(parts)["path"].to_pylist() == ["a", "b", "c", "a", "b", "b"]
    assert np.all(np.array([len(c.dictionary) for c in join(parts)["path"].chunks]) == 3)


def test_what_lies_under_a_null_does_not_reach_the_log():
    """Arrow follows it when dictionaries are brought together, and ends the process: see ``pipeline.coded``."""
    wild = pa.array(np.array([0, 500_000_000], np.int32), mask=np.array([False, True]))
    column = pa.DictionaryArray.from_arrays(wild, pa.array(["/a"]), safe=False)
    parts = [tidy("activity", schema.batch("activity", {"path": c})) for c in (column, pa.array(["/b"]), column)]
    assert join(parts)["path"].to_pylist() == ["/a", None, "/b", "/a", None]
