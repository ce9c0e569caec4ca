"""Columns from numbers against what plain Python would give row by row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.kernel.columns import Distinct, Table, Vocabulary, constant, looked_up, masked, scattered
from pipeline import schema

words = st.one_of(st.none(), st.sampled_from(["a", "b", "", "é"]))


@given(st.lists(words, min_size=1, max_size=5), st.lists(st.integers(0, 100), max_size=30))
def test_a_table_is_taken_from_by_position(table, codes):
    codes = [c % len(table) for c in codes]
    column = Table(table).take(np.array(codes, np.uint8))
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
    for texts in ([None], []):
        column = Table(texts).take(np.zeros(len(texts), np.int32))
        assert column.type == schema.DICTIONARY
        assert column.to_pylist() == texts


@given(st.lists(st.one_of(st.integers(0, 40), st.integers(2**31, 2**32 - 1))), st.sampled_from([np.uint32, np.int64]))
def test_distinct_gives_each_row_its_number_back(numbers, dtype):
    distinct = Distinct(np.array(numbers, dtype))
    assert distinct.values.take(distinct.codes).tolist() == numbers
    assert sorted(distinct.values.tolist()) == sorted(set(numbers))


def test_distinct_copes_with_negative_numbers():
    distinct = Distinct(np.array([-1, 7, -1], np.int64))
    assert distinct.values.take(distinct.codes).tolist() == [-1, 7, -1]


@given(st.sets(st.integers(0, 9)), st.integers(10, 12))
def test_scattered_fills_the_rows_it_names(rows, length):
    at = np.array(sorted(rows), np.intp)
    found = scattered(at, {"n": pa.array(at * 2), "t": Table(list("abcdefghij")).take(at)}, length)
    assert found["n"].to_pylist() == [i * 2 if i in rows else None for i in range(length)]
    assert found["t"].to_pylist() == ["abcdefghij"[i] if i in rows else None for i in range(length)]


numbers = st.lists(st.one_of(st.integers(0, 60), st.integers(2**23, 2**23 + 3), st.just(2**32 - 1)), max_size=20)


@given(st.lists(numbers, max_size=12), st.integers(1, 30))
def test_a_vocabulary_says_what_its_source_says(batches, most):
    texts = Vocabulary(lambda ids: [None if i % 7 == 0 else f"t{i // 2}" for i in ids.tolist()], most)
    for batch in batches:
        column = texts.column(np.array(batch, np.uint32))
        assert column.type == schema.DICTIONARY
        assert column.to_pylist() == [None if i % 7 == 0 else f"t{i // 2}" for i in batch]


def test_a_vocabulary_asks_once_and_grows_one_dictionary():
    asked = []
    texts = Vocabulary(lambda ids: [asked.append(i) or f"t{i}" for i in ids.tolist()])
    first = texts.column(np.array([3, 5, 3], np.uint32)).dictionary
    later = texts.column(np.array([5, 9, 0], np.uint32)).dictionary
    assert asked == [3, 5, 9]
    assert later[: len(first)] == first


def test_a_vocabulary_asks_again_for_what_had_not_arrived():
    known = {}
    texts = Vocabulary(lambda ids: [known.get(i) for i in ids.tolist()])
    assert texts.column(np.array([4], np.uint32)).to_pylist() == [None]
    known[4] = "late"
    assert texts.column(np.array([4], np.uint32)).to_pylist() == ["late"]


def test_a_full_vocabulary_begins_anew():
    texts = Vocabulary(lambda ids: [f"t{i}" for i in ids.tolist()], most=4)
    texts.column(np.arange(1, 5, dtype=np.uint32))
    column = texts.column(np.array([2, 7], np.uint32))
    assert (column.to_pylist(), len(column.dictionary)) == (["t2", "t7"], 2)


def test_a_vocabulary_forgets_up_to_its_base():
    texts = Vocabulary(lambda ids: [f"t{i}" for i in ids.tolist()])
    texts.restart(2**31)
    column = texts.column(np.array([0, 5, 2**31 + 1], np.uint32))
    assert column.to_pylist() == [None, None, f"t{2**31 + 1}"]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.lists(st.one_of(st.integers(0, 40), st.integers(4090, 4100)), max_size=15)),
        st.tuples(st.just("arrive"), st.lists(st.integers(1, 40), max_size=5)),
        st.tuples(st.just("restart"), st.lists(st.integers(0, 45), min_size=1, max_size=1)),
    ),
    max_size=12,
)


@given(steps, st.integers(1, 12))
@settings(deadline=None)
def test_a_vocabulary_equals_a_dictionary_through_its_life(script, most):
    """However full it gets, with texts that arrive late and numbers that are given up."""
    texts, base = {}, 0
    vocabulary = Vocabulary(lambda ids: [texts.get(i) for i in ids.tolist()], most)
    for what, given_numbers in script:
        if what == "arrive":
            texts.update((n, f"/path {n % 7}") for n in given_numbers if n > base)
        elif what == "restart":
            base = max(base, *given_numbers)
            texts = {n: t for n, t in texts.items() if n > base}
            vocabulary.restart(base)
        else:
            column = vocabulary.column(np.array(given_numbers, np.uint32))
            column.validate(full=True)
            assert column.to_pylist() == [texts.get(n) for n in given_numbers]
