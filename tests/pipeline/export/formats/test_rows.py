"""Rows by column: NULL columns are none, combinations are numbered, and what is taken stays the same rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.export.formats.rows import Rows, pieces

SMALL = st.none() | st.integers(-3, 3)


def rows_of(**columns):
    return pieces("activity", pa.table(columns), 1000)[0]


def test_column_that_is_null_or_absent_is_none():
    rows = rows_of(path=pa.array([None, None], pa.string()), pid=pa.array([1, None], pa.int32()))
    assert rows.column("path") is None
    assert rows.column("exe") is None
    assert rows.plain("pid").to_pylist() == [1, None]


def test_text_is_valid_and_plain_again():
    offsets = pa.array([0, 1, 3], pa.int32()).buffers()[1]
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"\xffok")])
    assert rows_of(path=broken).plain("path").to_pylist() == ["\ufffd", "ok"]


@given(
    st.lists(
        st.tuples(SMALL, st.none() | st.sampled_from("abc"), st.none() | st.sampled_from([0, 2**63 - 1, -(2**63)])),
        min_size=1,
    )
)
def test_combinations_are_numbered_as_python_would(values):
    pid, path, key = (list(c) for c in zip(*values, strict=True))
    rows = rows_of(
        pid=pa.array(pid, pa.int32()), path=pa.array(path, pa.string()), process_key=pa.array(key, pa.int64())
    )
    codes, few = rows.distinct(["pid", "path", "process_key"])
    got = [
        few.plain(n).to_pylist() if few.plain(n) is not None else [None] * len(few)
        for n in ("pid", "path", "process_key")
    ]
    assert [tuple(column[code] for column in got) for code in codes] == values
    assert len(few) == len(set(values))


def test_taken_rows_are_the_rows_at_these_places():
    rows = rows_of(path=pa.array(list("abcdef")), pid=pa.array(range(6), pa.int32()))
    taken = rows.take(np.array([5, 3, 1, 0]))
    assert taken.plain("path").to_pylist() == ["f", "d", "b", "a"]
    part = taken.take(np.array([1, 2]))
    assert part.plain("pid").to_pylist() == [3, 1]
    assert part.piece is rows
    codes, few = part.distinct(["path"])
    assert [few.plain("path")[int(c)].as_py() for c in codes] == ["d", "b"]
    alone = taken.alone(np.array([2]))
    assert alone.plain("path").to_pylist() == ["b"]
    assert alone.piece is alone


def test_dictionaries_that_are_large_or_hold_null_are_made_anew():
    large = pa.DictionaryArray.from_arrays(pa.array([3, 3], pa.int32()), pa.array([str(i) for i in range(100)]))
    holds = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array([None, "x"]))
    rows = rows_of(path=large, exe=holds)
    assert rows.plain("path").to_pylist() == ["3", "3"]
    assert rows.plain("exe").to_pylist() == [None, "x"]
    assert len(rows.column("path").dictionary) == 1


def test_pieces_unify_the_dictionaries_of_chunks():
    chunks = pa.chunked_array([pa.array(["a", "b"]).dictionary_encode(), pa.array(["c", "a"]).dictionary_encode()])
    made = pieces("activity", pa.table({"path": chunks}), 3)
    assert [len(m) for m in made] == [3, 1]
    assert made[0].plain("path").to_pylist() == ["a", "b", "c"]


def test_rows_without_columns_have_their_number():
    made = pieces("activity", pa.table({"salary": [1, 2, 3]}), 10)
    assert len(made[0]) == 3
    assert Rows("activity", 2).column("path") is None


def test_columns_of_one_value_tell_nothing_apart_but_null_does():
    rows = rows_of(host=["h"] * 4, pid=pa.array([5, None, 5, None], pa.int32()), exe=pa.array(["e"] * 4))
    codes, few = rows.distinct(["host", "pid", "exe"])
    assert len(few) == 2
    assert [few.plain("pid").to_pylist()[code] for code in codes] == [5, None, 5, None]
    assert rows.distinct(["exe", "host", "pid"])[1] is few, "asked for again in another order"
    assert len(rows.distinct(["host", "exe"])[1]) == 1
