from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.policy.sequences import evidence as module
from pipeline.policy.sequences.evidence import Evidence


def batch(first, rows):
    return schema.batch("activity", {
        "time_ns": pa.array(range(first, first + rows)),
        "seq": pa.array([None if i % 3 == 0 else i for i in range(first, first + rows)], pa.int64()),
        "class": pa.array(["file" if i % 2 else None for i in range(first, first + rows)], pa.string()).dictionary_encode(),
        "boot_id": pa.array([f"b{i % 4}" for i in range(first, first + rows)]),
    })  # fmt: skip


def wanted(i):
    return {
        "time_ns": i, "cpu": None, "seq": None if i % 3 == 0 else i, "boot_id": f"b{i % 4}", "source": None,
        "class": "file" if i % 2 else None, "host": None,
    }  # fmt: skip


@pytest.mark.parametrize("size", [1, 3, 100])
def test_rows_are_those_that_were_added_by_position(size):
    kept = Evidence()
    for first in range(0, 100, size):
        kept.add(batch(first, size), np.arange(size), first)
    positions = np.array([98, 0, 5, 5, 6])
    assert kept.rows(positions) == [wanted(i) for i in positions.tolist()]


def test_what_is_not_kept_is_not_known():
    kept = Evidence()
    kept.add(batch(0, 10), np.array([1, 4, 7]), 0)
    kept.keep(np.array([7, 7, 1]))
    assert kept.rows(np.array([1, 7])) == [wanted(1), wanted(7)]
    for position in (4, 5, 100):
        with pytest.raises(KeyError):
            kept.rows(np.array([position]))


def test_many_small_batches_do_not_stay_many(monkeypatch):
    monkeypatch.setattr(module, "_MOST_PARTS", 3)
    kept = Evidence()
    for i in range(50):
        kept.add(batch(i, 1), np.array([0]), i)
    assert len(kept._positions) <= 4
