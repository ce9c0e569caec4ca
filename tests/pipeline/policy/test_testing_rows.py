from __future__ import annotations

import pytest

from pipeline.policy.context import RunContext
from pipeline.policy.globs import GlobError
from pipeline.policy.model import TestEvent
from pipeline.policy.testing_rows import batch_of, filled

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")


def test_events_become_rows_in_order_of_time():
    batch = batch_of(
        [TestEvent(on="file.read", path="~/x"), TestEvent(on="exec", path="/bin/a", after=5 * 10**9)], CONTEXT
    )
    rows = batch.to_pylist()
    assert rows[1]["time_ns"] - rows[0]["time_ns"] == 5 * 10**9
    assert [r["path"] for r in rows] == ["/home/u/x", "/bin/a"]
    assert [r["intent"] for r in rows] == ["read", None]
    assert [r["exe"] for r in rows] == [None, "/bin/a"]


def test_a_fork_names_its_child():
    (row,) = batch_of([TestEvent(on="fork", process=3, child=4)], CONTEXT).to_pylist()
    assert (row["process_key"], row["child_key"]) == (3, 4)


def test_variables_without_a_value_are_an_error():
    with pytest.raises(GlobError, match="NOWHERE"):
        filled("${NOWHERE}/x", CONTEXT)
    assert filled(None, CONTEXT) is None
