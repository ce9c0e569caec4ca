from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from lictor.history import order
from lictor.history.asking import FACTS, Looks, Rows, Window
from lictor.history.order import Need, Possible, covered, everything_of, in_order, joined, rows_of
from pipeline.policy.compile import RunContext, compile_policies
from tests.lictor.history.conftest import policy

CONTEXT = RunContext("/w", "/home/ann", {}, "ann", "h", "codex")
PROGRAM = compile_policies([policy()], CONTEXT, mode="audit")
SEQUENCE, LEAK, FLOOD = 0, 1, 2
READ, APPROVE, SEND, LEAKS, DELETES = (1 << i for i in range(5))
NO_PATHS = pa.array([], pa.string())


@pytest.mark.parametrize(
    ("steps", "paths", "expected"),
    [
        ({READ: 1, SEND: 1}, [], [SEQUENCE]), ({READ: 5}, [], []), ({SEND: 5}, [], []), ({READ | SEND: 1}, [], [SEQUENCE]),
        ({DELETES: 3}, [], []), ({DELETES: 4}, [], [FLOOD]), ({DELETES: 2, DELETES | READ: 2}, [], [FLOOD]),
        ({LEAKS: 1}, ["/a"], []), ({LEAKS: 1}, ["/a", "/b/secret.txt", None], [LEAK]), ({}, ["/b/secret.txt"], []),
    ],
)  # fmt: skip
def test_a_rule_is_possible_where_each_of_its_steps_happened_often_enough(steps, paths, expected):
    assert Possible(PROGRAM).in_run(Counter(steps), pa.array(paths, pa.string())) == expected


def test_steps_that_must_not_be_there_are_read_too():
    assert Possible(PROGRAM).steps_of([SEQUENCE]) == READ | APPROVE | SEND
    assert Possible(PROGRAM).tainted([SEQUENCE, FLOOD]) is False
    assert Possible(PROGRAM).tainted([LEAK]) is True


def test_rows_are_narrowed_by_path_where_they_are_few(monkeypatch):
    facts = pa.RecordBatch.from_pydict({
        "operation": pa.array(["file.read", "file.read", "exec", "net.connect", "file.delete"]).dictionary_encode(),
        "path": pa.array(["/a", "/b", "/x", None, "/c"]).dictionary_encode(),
    })  # fmt: skip
    rows = rows_of(facts, np.array([0, 1, 3]), tainted=False)
    assert rows == Rows(frozenset({"net.connect"}), {"file.read": frozenset({"/a", "/b"})})
    assert rows_of(facts, np.array([2, 4]), tainted=True) == Rows(
        frozenset(order.TAINT), {"file.delete": frozenset({"/c"})}
    )
    monkeypatch.setattr(order, "MOST_PATHS", 1)
    assert rows_of(facts, np.array([0, 1]), tainted=False) == Rows(frozenset({"file.read"}))


def test_needs_are_joined():
    both = joined(
        [
            Rows(frozenset({"exec"}), {"file.read": frozenset({"/a"})}),
            Rows(frozenset(), {"file.read": frozenset({"/b"}), "exec": frozenset({"/c"})}),
        ]
    )
    assert both == Rows(frozenset({"exec"}), {"file.read": frozenset({"/a", "/b"})})


def test_facts_are_covered_by_exactly_what_the_condition_says():
    table = pa.table(
        {"operation": ["exec", "file.read", "file.read", "fork", "file.read"], "path": ["/x", "/a", "/z", None, None]}
    )
    rows = Rows(frozenset({"exec"}), {"file.read": frozenset({"/a"})})
    assert covered(table, rows).to_pylist() == [True, True, False, False, False]


def test_everything_that_a_rule_may_need():
    rows = everything_of(PROGRAM)
    assert rows.paths == {}
    assert rows.operations == {*order.TAINT, "net.connect", "file.delete"}


class Made:
    """A lake that answers with rows of its own, as the SQL says."""

    def __init__(self, rows):
        self.rows = sorted(rows)
        self.asked = []

    def __call__(self, sql):
        self.asked.append(sql)
        runs = [r for r in ("a", "b", "c") if f"'{r}'" in sql]
        found = [r for r in self.rows if r[0] in runs]
        if "at_ns >= " in sql:
            since = int(sql.split("at_ns >= ")[1].split()[0].rstrip(")"))
            found = [r for r in found if r[1] >= since]
        if "LIMIT" in sql:
            found = found[: int(sql.split("LIMIT ")[1])]
        return pa.table({"agent_run": [r[0] for r in found], "at_ns": [r[1] for r in found]})


LOOKS = Looks(FACTS, frozenset(), ((),))


def read(lake, needs):
    return {run: [t["at_ns"].to_pylist() for t in pages] for run, pages in in_order(lake, LOOKS, needs, Window())}


def test_small_runs_share_an_answer_and_come_apart_again():
    lake = Made([("b", 3), ("a", 1), ("a", 2), ("b", 4)])
    rows = Rows(frozenset({"exec"}))
    assert read(lake, [Need("b", rows, 2), Need("a", rows, 2)]) == {"a": [[1, 2]], "b": [[3, 4]]}
    assert len(lake.asked) == 1


def test_a_large_run_comes_in_pages_that_end_where_the_time_changes(monkeypatch):
    monkeypatch.setattr(order, "PAGE_ROWS", 3)
    lake = Made([("a", t) for t in (1, 2, 2, 2, 2, 2, 3, 4)])
    assert read(lake, [Need("a", Rows(frozenset({"exec"})), 8)]) == {"a": [[1], [2, 2, 2, 2, 2], [3, 4]]}


def test_nothing_needed_is_nothing_asked():
    lake = Made([])
    assert (read(lake, []), lake.asked) == ({}, [])
