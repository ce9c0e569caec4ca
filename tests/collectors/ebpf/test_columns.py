"""Columns from numbers against what plain Python would give row by row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.ebpf import columns
from collectors.ebpf.columns import Distinct, Table, Vocabulary, constant, looked_up, masked, scattered
from pipeline import schema

words = st.one_of(st.none(), st.sampled_from(["a", "b", "", "é"]))
small, large = st.integers(0, 6), st.integers(0, 2**32 - 1)
signed = st.integers(-(2**63), 2**63 - 1)


@given(st.one_of(st.lists(small, max_size=30), st.lists(large, max_size=30)))
def test_distinct_unsigned_numbers(numbers):
    check_distinct(np.array(numbers, np.uint32))


@given(
    st.one_of(st.lists(small, max_size=30), st.lists(signed, max_size=30), st.lists(st.integers(-3, 3), max_size=30))
)
def test_distinct_signed_numbers(numbers):
    check_distinct(np.array(numbers, np.int64))


def check_distinct(numbers):
    found = Distinct(numbers)
    assert found.values.dtype == numbers.dtype
    assert found.codes.dtype == np.int32
    assert len(set(found.values.tolist())) == len(found.values)
    assert found.values[found.codes].tolist() == numbers.tolist()
    texts = [None if v == 0 else f"text {v}" for v in found.values.tolist()]
    assert found.column(texts).to_pylist() == [None if n == 0 else f"text {n}" for n in numbers.tolist()]


@given(st.lists(words, min_size=1, max_size=5), st.lists(st.integers(0, 100), max_size=30))
def test_a_table_is_taken_from_by_position(texts, codes):
    codes = [c % len(texts) for c in codes]
    column = Table(texts).take(np.array(codes, np.uint8))
    assert column.type == schema.DICTIONARY
    assert column.to_pylist() == [texts[c] for c in codes]
    column.validate(full=True)


@given(st.lists(small, max_size=30))
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


# ---------------------------------------------------------------- a vocabulary

batches = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.lists(st.one_of(st.integers(0, 40), st.integers(4090, 4100), large), max_size=15)),
        st.tuples(st.just("arrive"), st.lists(st.integers(0, 40), max_size=5)),
        st.tuples(st.just("restart"), st.lists(st.integers(0, 45), min_size=1, max_size=1)),
    ),
    max_size=12,
)


@given(batches, st.integers(1, 12))
@settings(deadline=None, max_examples=150)
def test_a_vocabulary_equals_a_dictionary(script, most):
    """Whatever the sizes of the batches, however full it gets, and with texts that arrive late."""
    texts, base = {}, 0
    vocabulary = Vocabulary(lambda ids: [texts.get(i) for i in ids.tolist()], most)
    for what, numbers in script:
        if what == "arrive":
            texts.update((n, f"/path {n % 7}") for n in numbers if n > base)
        elif what == "restart":
            base = max(base, *numbers)
            texts = {n: t for n, t in texts.items() if n > base}
            vocabulary.restart(base)
        else:
            column = vocabulary.column(np.array(numbers, np.uint32))
            column.validate(full=True)
            assert column.type == schema.DICTIONARY
            assert column.to_pylist() == [texts.get(n) for n in numbers]


def test_a_vocabulary_asks_once_for_each_number_and_grows_one_dictionary():
    asked = []

    def lookup(ids):
        asked.extend(ids.tolist())
        return [f"text {i}" for i in ids.tolist()]

    vocabulary = Vocabulary(lookup)
    first = vocabulary.column(np.array([1, 2, 2], np.uint32))
    second = vocabulary.column(np.array([2, 3, 1], np.uint32))
    assert asked == [1, 2, 3]
    assert second.dictionary.to_pylist()[: len(first.dictionary)] == first.dictionary.to_pylist()


def test_a_full_vocabulary_begins_anew():
    vocabulary = Vocabulary(lambda ids: [f"text {i}" for i in ids.tolist()], most=4)
    sizes = [len(vocabulary.column(np.arange(1 + 3 * i, 4 + 3 * i, dtype=np.uint32)).dictionary) for i in range(4)]
    assert max(sizes) <= 4


# ---------------------------------------------------------------- numbers


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), max_size=20))
def test_masked_shows_only_what_is_present(rows):
    values, present = np.array([v for v, _ in rows], np.int32), np.array([p for _, p in rows], bool)
    column = masked(values, present, schema.INT)
    assert column.type == schema.INT
    assert column.to_pylist() == [v if p else None for v, p in rows]


@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=20))
def test_scattered_puts_entries_into_their_rows(rows):
    places = np.array([i for i, r in enumerate(rows) if r is not None], np.intp)
    given_column = masked(
        np.array([r for r in rows if r is not None], np.int32), np.ones(len(places), bool), schema.INT
    )
    assert scattered(places, {"bytes": given_column}, len(rows))["bytes"].to_pylist() == rows


@pytest.mark.parametrize("rows", [0, 3, len(columns._ZEROS), len(columns._ZEROS) + 1])
def test_constant_has_one_text_and_every_row(rows):
    column = constant("host", rows)
    assert column.type == schema.DICTIONARY
    assert len(column) == rows
    assert column.null_count == 0
    assert set(column.to_pylist()) <= {"host"}
    assert len(column.dictionary) == 1
