from __future__ import annotations

import numpy as np
import pyarrow as pa

from collectors.etw.rows import Rows, choice, filled, joined, rows_of
from tests.etl_writer import opened


def made(order: list[int], **columns: list):
    longs = np.array(order, np.int64)
    return Rows(longs, longs * 10, longs, longs, longs.astype(np.uint64), {k: pa.array(v) for k, v in columns.items()})


def test_rows_of_several_operations_stand_in_order_of_time():
    both = joined([made([3, 1], path=["c", "a"]), made([2], operation=["x"]), made([])])
    assert both.rows.order.tolist() == [1, 2, 3]
    assert both.table.column("path").to_pylist() == ["a", None, "c"]
    assert joined([made([])]) is None


def test_choice_and_filled():
    assert choice(("a", None), np.array([1, 0])).to_pylist() == [None, "a"]
    assert filled(pa.array(["", "x", None])).to_pylist() == [None, "x", None]


def test_kept_rows(parts):
    (part,) = parts([opened(1, "a", 1), opened(2, "b", 2)]).values()
    kept = rows_of(part, {"path": part.text("FileName")}, keep=np.array([False, True]))
    assert kept.columns["path"].to_pylist() == ["b"]
    assert kept.order.tolist() == [1]
