from __future__ import annotations

import numpy as np
import pyarrow as pa

from collectors.etw.pool import Pool


def test_texts_come_back_and_equal_ones_have_one_number():
    pool = Pool()
    codes = pool.codes(pa.array(["a", None, "b", "a"]))
    assert codes.tolist() == [0, -1, 1, 0]
    assert pool.codes(pa.array(["b", "c"]).dictionary_encode()).tolist() == [1, 2]
    assert pool.texts(np.array([2, -1, 0])).to_pylist() == ["c", None, "a"]


def test_what_is_kept_is_renumbered():
    pool = Pool()
    pool.codes(pa.array(["a", "b", "c"]))
    moved = pool.keep(np.array([2, -1, 0]))
    assert moved[[2, 0, 1, -1]].tolist() == [1, 0, -1, -1]
    assert pool.texts(moved[[2, 0]]).to_pylist() == ["c", "a"]
    assert pool.codes(pa.array(["b"])).tolist() == [2]
