from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy import classes as module
from pipeline.policy.classes import Classes, PortClasses, RangeClasses, encoded, indices, valid

texts = st.lists(st.none() | st.text("ab", max_size=3), max_size=30)


def members(classes, column):
    return [classes.members[c] for c in classes.codes(column).tolist()]


@given(st.lists(st.tuples(texts, st.integers(0, 4), st.sampled_from(["plain", "int8", "int32"])), max_size=6))
def test_each_row_gets_what_its_value_matches(batches):
    classes = Classes(len)
    for values, begin, kind in batches:
        column = pa.array(values, pa.string())
        column = (
            column
            if kind == "plain"
            else column.dictionary_encode().cast(pa.dictionary(getattr(pa, kind)(), pa.string()))
        )
        assert members(classes, column.slice(begin)) == [len(v or "") for v in values[begin:]]


@given(st.lists(texts, max_size=8))
def test_forgetting_changes_nothing_but_the_memory(batches):
    patch = {"GENERATION_VALUES": 3, "GENERATION_CHARACTERS": 7}
    before = {k: getattr(module, k) for k in patch}
    try:
        for name, value in patch.items():
            setattr(module, name, value)
        classes = Classes(len)
        for values in batches:
            assert members(classes, pa.array(values, pa.string())) == [len(v or "") for v in values]
            assert len(classes._young) + len(classes._old) <= 2 * patch["GENERATION_VALUES"]
    finally:
        for name, value in before.items():
            setattr(module, name, value)


def test_only_what_rows_use_of_a_long_dictionary_is_looked_up_and_once():
    asked = []
    classes = Classes(lambda text: asked.append(text) or text)
    dictionary = pa.array([f"v{i}" for i in range(1000)])
    column = pa.DictionaryArray.from_arrays(pa.array([7, 7, None, 999], pa.int32()), dictionary)
    longer = pa.DictionaryArray.from_arrays(pa.array([7, 1000], pa.int32()), pa.array([*dictionary.to_pylist(), "new"]))
    assert members(classes, column) == ["v7", "v7", 0, "v999"]
    assert members(classes, column) == ["v7", "v7", 0, "v999"]
    assert members(classes, longer) == ["v7", "new"]
    assert asked == ["v7", "v999", "new"]


def test_a_name_that_is_no_utf_8_is_judged_like_any_other():
    bad = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(np.array([0, 4, 6], np.int32)), pa.py_buffer(b"/a/\xffok")]
    )
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), bad)
    assert members(Classes(lambda text: text), column) == ["/a/\ufffd", "ok"]


@given(st.lists(st.none() | st.integers(-5, 70_000), max_size=20), st.integers(0, 3))
def test_ports(ports, begin):
    spans = [(0, 0), (22, 22), (1, 1023), (65535, 65535)]
    classes = PortClasses(
        lambda p: sum(1 << i for i, (a, b) in enumerate(spans) if a <= p <= b), [0, 1, 22, 23, 1024, 65535]
    )
    expected = [0 if p is None else sum(1 << i for i, (a, b) in enumerate(spans) if a <= p <= b) for p in ports]
    assert members(classes, pa.array(ports, pa.int32()).slice(begin)) == expected[begin:]
    assert len(classes) == len(classes.members)


@given(texts, st.integers(0, 4))
def test_indices_and_validity_of_slices(values, begin):
    column = encoded(pa.array(values, pa.string())).slice(begin)
    dictionary = column.dictionary.to_pylist()
    assert [None if i < 0 else dictionary[i] for i in indices(column)] == values[begin:]
    assert valid(column).tolist() == [v is not None for v in values[begin:]]


@given(st.lists(st.none() | st.integers(-5, 40) | st.integers(2**62, 2**63 - 1), max_size=20), st.integers(0, 3))
def test_numbers_of_any_size(numbers, begin):
    spans = [(0, 9), (10, 2**63 - 1), (5, 20)]

    def answer(number):
        return sum(1 << i for i, (low, high) in enumerate(spans) if low <= number <= high)

    classes = RangeClasses(answer, [0, 5, 10, 21])
    expected = [0 if n is None or n < 0 else answer(n) for n in numbers]
    assert members(classes, pa.array(numbers, pa.int64()).slice(begin)) == expected[begin:]
    assert len(classes) == len(classes.members)
