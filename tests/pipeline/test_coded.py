from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.coded import coded, sound

WORDS = pa.array(["a", "b", "c"])
WILD = st.sampled_from([-1, -2, 3, 500_000_000, -500_000_000])


def beneath(column):
    """The numbers as they lie in memory, those under NULLs as well."""
    numbers = column.indices
    return np.frombuffer(numbers.buffers()[1], np.int32)[numbers.offset :][: len(numbers)]


def with_wild(codes, wild):
    """A column with ``wild`` under the NULLs, as no care gives it."""
    raw = np.array([wild if c is None else c for c in codes], np.int32)
    absent = np.array([c is None for c in codes], bool)
    return pa.DictionaryArray.from_arrays(pa.array(raw, mask=absent), WORDS, safe=False)


@given(st.lists(st.integers(-3, 2)))
def test_a_negative_code_is_null_with_a_harmless_number(codes):
    column = coded(np.array(codes, np.int64), WORDS)
    assert column.to_pylist() == ["abc"[c] if c >= 0 else None for c in codes]
    assert all(0 <= n < 3 for n in beneath(column))
    column.validate(full=True)


def test_a_column_without_nulls_has_no_mask():
    assert coded(np.array([0, 2], np.int32), WORDS).indices.buffers()[0] is None


@given(st.lists(st.one_of(st.none(), st.integers(0, 2))), WILD, st.integers(0, 3))
def test_sound_changes_no_value_and_leaves_nothing_wild(codes, wild, start):
    column = with_wild(codes, wild).slice(start)
    made = sound(column)
    assert made.to_pylist() == column.to_pylist()
    assert all(0 <= n < 3 for n in beneath(made))


def test_sound_leaves_alone_what_is():
    for column in (
        coded(np.array([0, -1]), WORDS),
        pa.nulls(3, pa.dictionary(pa.int32(), pa.string())),
        with_wild([], 0),
    ):
        assert sound(column) is column


@pytest.mark.parametrize("wild", [3, -1])
def test_a_number_that_counts_and_is_out_of_range_is_an_error(wild):
    with pytest.raises(IndexError, match="not below 3"):
        sound(pa.DictionaryArray.from_arrays(pa.array([0, wild], pa.int32()), WORDS, safe=False))


MERGED = """
import sys
import numpy as np, pyarrow as pa
from pipeline.coded import sound
far = 2**31 - 1  # 8 GiB on: no chance that something of this process lies there
raw = pa.array(np.array([0, far], np.int32), mask=np.array([False, True]))
wild = pa.DictionaryArray.from_arrays(raw, pa.array(["a"]), safe=False)
column = sound(wild) if sys.argv[1] == "sound" else wild
table = pa.table({"c": pa.chunked_array([pa.array(["b"]).dictionary_encode(), column])}).unify_dictionaries()
print(table["c"].to_pylist())
"""


def test_it_is_needed_as_arrow_follows_numbers_under_nulls():
    """In a process of its own: it ends by SIGSEGV. Where it does not any more, this module can go."""
    ran = {
        how: subprocess.run([sys.executable, "-c", MERGED, how], capture_output=True, text=True, check=False)
        for how in ("wild", "sound")
    }
    assert ran["wild"].returncode == -11
    assert ran["sound"].stdout == "['b', 'a', None]\n", ran["sound"].stderr
