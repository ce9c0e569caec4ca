"""Which path stands in which row; the columns of whole records are tested with the decoder."""

from __future__ import annotations

import numpy as np

from collectors.kernel import paths, records
from collectors.kernel.strings import StringTable


def test_each_distinct_path_is_asked_for_once(event, chunks):
    asked = []

    class Counting(StringTable):
        def get(self, ids):
            asked.append(ids.tolist())
            return super().get(ids)

    strings = Counting()
    strings.add(chunks(3, b"/x/../y"))
    raw = np.concatenate([event("file.read", file__path=3) for _ in range(50)] + [event("exit")])
    found = paths.columns(raw.reshape(-1).view(records.EVENT), strings)
    assert found["path"].to_pylist() == ["/y"] * 50 + [None]
    assert asked == [[3]]


def test_columns_that_no_row_fills_are_left_out(event):
    raw = np.concatenate([event("exit"), event("fork")])
    assert set(paths.columns(raw.reshape(-1).view(records.EVENT), StringTable())) == {"path"}
