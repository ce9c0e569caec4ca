from __future__ import annotations

import numpy as np
import pyarrow as pa

from lictor.history.asked import Book, Said
from lictor.history.sums import Sums

ALLOW, DENY, KILL = (
    Said("allow", None, "p", stops=False),
    Said("deny", "d", "p", stops=True),
    Said("kill", "k", "p", stops=True),
)


def book():
    made = Book()
    assert [made.number(s) for s in (ALLOW, DENY, KILL, DENY)] == [0, 1, 2, 1]
    return made


def table(*rows):
    names = ("agent_run", "was", "events", "went", "stopped", "first", "operation", "path", "exe")
    kinds = {"was": pa.string(), **dict.fromkeys(names[2:6], pa.int64())}
    return pa.table({n: pa.array([r[i] for r in rows], kinds.get(n, pa.string())) for i, n in enumerate(names)})


def worth(was, said):
    return was == "deny" or said[0].verdict != "allow"


def test_events_are_added_up_by_run_and_verdict_with_the_first_one():
    sums = Sums(book(), worth)
    sums.add(
        table(
            ("r1", None, 5, 4, 0, 30, "exec", "/late", "/x"), ("r1", None, 2, 1, 1, 20, "exec", "/z", "/x"),
            ("r1", None, 1, 1, 0, 20, "exec", "/b", "/x"), ("r2", None, 7, 7, 0, 5, "exec", "/a", "/x"),
            ("r1", "allow", 9, 9, 0, 1, "fork", None, "/x"), ("r1", "deny", 3, 0, 3, 2, "fork", None, "/x"),
        ),
        [np.array([1, 1, 1, 2, 0, 0])],
    )  # fmt: skip
    assert [
        (s.run, s.was, s.said, s.events, s.went, s.stopped, s.first_ns, s.example["path"]) for s in sums.sums()
    ] == [
        ("r1", "deny", (ALLOW,), 3, 0, 3, 2, None),
        ("r1", None, (DENY,), 8, 6, 1, 20, "/b"),
        ("r2", None, (KILL,), 7, 7, 0, 5, "/a"),
    ]


def test_several_answers_make_one_sum_whatever_their_order():
    first, second = ("r", None, 1, 1, 0, 9, "exec", "/b", "/x"), ("r", None, 2, 0, 0, 4, "exec", "/c", "/x")
    found = []
    for order in ((first, second), (second, first)):
        sums = Sums(book(), worth)
        for row in order:
            sums.add(table(row), [np.array([1])])
        found.append(sums.sums())
    assert found[0] == found[1]
    assert (found[0][0].events, found[0][0].first_ns, found[0][0].example["path"]) == (3, 4, "/c")


def test_two_sides_are_told_apart():
    sums = Sums(book(), lambda _was, said: said[0] != said[1])
    rows = [("r", None, 1, 1, 0, i, "exec", "/b", "/x") for i in range(3)]
    sums.add(table(*rows), [np.array([0, 1, 1]), np.array([1, 1, 2])])
    assert [(s.said, s.first_ns) for s in sums.sums()] == [((ALLOW, DENY), 0), ((DENY, KILL), 2)]


def test_nothing_is_nothing():
    sums = Sums(book(), worth)
    sums.add(table(), [np.zeros(0, np.int64)])
    assert sums.sums() == []
