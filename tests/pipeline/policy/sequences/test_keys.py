from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.sequences.keys import Keys, OneKey, key_column, keys_of

ROWS = st.lists(st.tuples(st.sampled_from([None, "a", "b", "c", "d"]), st.booleans()), max_size=12)


@given(st.lists(ROWS, max_size=4), st.booleans())
def test_a_value_keeps_its_number_from_the_batch_on_that_makes_it_known(batches, as_dictionary):
    keys, known = Keys(pa.string()), {}
    for rows in batches:
        column = pa.array([v for v, _ in rows], pa.string())
        numbers = keys.numbers(
            column.dictionary_encode() if as_dictionary else column, np.array([n for _, n in rows], np.bool_)
        )
        fresh = {v for v, new in rows if new and v is not None} - known.keys()
        known |= {v: int(n) for (v, _), n in zip(rows, numbers, strict=True) if v in fresh}
        assert numbers.tolist() == [known.get(v, -1) for v, _ in rows]
        assert len(keys) == len(known) == len(set(known.values()))


def test_what_is_kept_gets_the_numbers_in_order():
    keys = Keys(pa.int64())
    column = pa.array([10, 20, 30])
    keys.numbers(column, np.ones(3, np.bool_))
    keys.keep(np.array([0, 2]))
    assert keys.numbers(column, np.zeros(3, np.bool_)).tolist() == [0, -1, 1]


def test_run_is_one_key():
    assert OneKey().numbers(pa.nulls(3), np.zeros(3, np.bool_)).tolist() == [0, 0, 0]
    assert isinstance(keys_of("agent_run"), OneKey)


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("process", [7, None]),
        ("user", ["0", "ann"]),
        ("path", ["/a", None]),
        ("dst_ip", [None, None]),
        ("agent_run", [None, None]),
    ],
)
def test_column_of_a_key(by, wanted):
    columns = {
        "process_key": pa.array([7, None], pa.int64()),
        "uid": pa.array([0, None], pa.int64()),
        "user": pa.array(["root", "ann"]),
        "path": pa.array(["/a", None]),
    }
    assert key_column(schema.batch("activity", columns), by).to_pylist() == wanted
