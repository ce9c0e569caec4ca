"""Columns from numbers against what plain Python would give row by row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from collectors.ebpf.columns import coded, constant, dictionary, looked_up, masked
from pipeline import schema

words = st.one_of(st.none(), st.sampled_from(["a", "b", "", "é"]))


@given(st.lists(words, min_size=1, max_size=5), st.lists(st.integers(0, 100), max_size=30))
def test_coded_takes_from_the_table(table, codes):
    codes = [c % len(table) for c in codes]
    column = coded(np.array(codes, np.uint8), dictionary(table))
    assert column.type == schema.DICTIONARY
    assert column.to_pylist() == [table[c] for c in codes]


@given(st.lists(st.integers(0, 6), max_size=30))
def test_looked_up_asks_once_for_the_distinct_ids(ids):
    asked = []

    def lookup(distinct):
        asked.append(distinct.tolist())
        return [None if i == 0 else f"text {i}" for i in distinct.tolist()]

    column = looked_up(np.array(ids, np.uint32), lookup)
    assert column.type == schema.DICTIONARY
    assert column.to_pylist() == [None if i == 0 else f"text {i}" for i in ids]
    assert len(asked) == 1
    assert sorted(asked[0]) == sorted(set(ids))


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), max_size=20))
def test_masked_shows_only_what_is_present(rows):
    values, present = np.array([v for v, _ in rows], np.int64), np.array([p for _, p in rows], bool)
    column = masked(values, present, schema.INT)
    assert column.type == schema.INT
    assert column.to_pylist() == [v if p else None for v, p in rows]


def test_constant_has_one_text_and_every_row():
    column = constant("host", 3)
    assert column.type == schema.DICTIONARY
    assert column.to_pylist() == ["host"] * 3
    assert len(column.dictionary) == 1
    assert constant("host", 0).to_pylist() == []


def test_a_dictionary_of_nothing_but_null_is_still_text():
    assert dictionary([None]).type == schema.DICTIONARY
    assert dictionary([]).type == schema.DICTIONARY
    assert isinstance(dictionary(["a"]), pa.DictionaryArray)
