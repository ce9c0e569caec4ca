from __future__ import annotations

import pyarrow as pa
import pytest

from lictor.history.asking import FACTS, Looks, Window
from lictor.history.chunks import Chunk, facts, planned
from lictor.history.runs import Run
from pipeline.lake.errors import QueryError
from pipeline.policy.context import RunContext

CONTEXT = RunContext("/w", "/h", {}, "u", "h", "a")
LOOKS = Looks(FACTS, frozenset(), ((),))


def run(name, events, first=0, last=99):
    return Run(name, CONTEXT, events, first, last)


def test_neighbours_share_an_answer_up_to_the_bound():
    plan = planned([run("a", 4), run("b", 5), run("c", 2), run("d", 9)], Window(), 10)
    assert [[r.id for r in c.runs] for c in plan] == [["a", "b"], ["c"], ["d"]]
    assert all(c.whole for c in plan)


def test_a_large_run_is_cut_by_time_without_gap_or_overlap():
    plan = planned([run("a", 1), run("big", 35, 100, 199)], Window(), 10)
    cuts = [c.window for c in plan if c.runs[0].id == "big"]
    assert len(cuts) == 4
    assert (cuts[0].since, cuts[-1].until) == (None, None)
    assert [a.until for a in cuts[:-1]] == [b.since for b in cuts[1:]] == [125, 150, 175]
    assert [c.whole for c in plan] == [True, False, False, False, False]


def test_a_window_bounds_the_cuts():
    cuts = [c.window for c in planned([run("big", 20, 0, 99)], Window(50, 70), 10)]
    assert cuts == [Window(50, 60), Window(60, 70)]


def asking(too_large):
    """A lake that refuses answers for which ``too_large`` holds, and tells what it was asked."""
    asked = []

    def query(sql):
        asked.append(sql)
        if too_large(sql):
            raise QueryError("the result is larger than it may be")
        return pa.table({"x": [len(asked)]})

    return query, asked


def test_what_is_too_large_is_halved():
    query, asked = asking(lambda sql: "'a'" in sql and "'b'" in sql)
    chunk = Chunk((run("a", 1), run("b", 1)), Window())
    found = list(facts(query, LOOKS, [chunk, Chunk((run("c", 1),), Window())]))
    assert [[r.id for r in c.runs] for c, _ in found] == [["a"], ["b"], ["c"]]
    assert len(asked) == 4


def test_a_single_run_is_halved_by_time_until_it_fits():
    query, _ = asking(lambda sql: "at_ns" not in sql.split("WHERE")[-1])
    found = [c for c, _ in facts(query, LOOKS, [Chunk((run("a", 1),), Window())])]
    assert [(c.window, c.whole) for c in found] == [(Window(None, 50), False), (Window(50, None), False)]


def test_what_never_fits_is_an_error():
    query, asked = asking(lambda _: True)
    with pytest.raises(QueryError, match="larger"):
        list(facts(query, LOOKS, [Chunk((run("a", 1),), Window())]))
    assert len(asked) < 20


def test_no_run_is_no_question():
    query, asked = asking(lambda _: False)
    assert (list(facts(query, LOOKS, planned([], Window()))), asked) == ([], [])
