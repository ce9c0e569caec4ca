from __future__ import annotations

import numpy as np
import pytest

from collectors.etw import lineage as under_test
from collectors.etw.lineage import Lineage
from collectors.etw.machine import Seen


@pytest.fixture
def lineage():
    return Lineage("boot")


def keys(*values):
    return np.array(values, np.int64)


def test_children_follow_in_whatever_order_they_are_told(lineage):
    lineage.tag(1, 7)
    lineage.follow(keys(4, 3, 2, 9), keys(3, 2, 1, 8))
    assert lineage.of(keys(1, 2, 3, 4, 9, 8, 0)).tolist() == [7, 7, 7, 7, 0, 0, 0]


def test_who_belongs_to_a_run_stays_there(lineage):
    lineage.tag(1, 7)
    lineage.tag(2, 8)
    lineage.follow(keys(2), keys(1))
    assert lineage.of(keys(2)).tolist() == [8]


def test_without_any_run_nobody_belongs_to_one(lineage):
    lineage.follow(keys(2), keys(1))
    lineage.follow(keys(), keys())
    assert lineage.of(keys(1, 2)).tolist() == [0, 0]
    assert lineage.number(1) == 0


def test_a_look_finds_descendants_and_gives_each_run_its_own(lineage):
    seen = [
        Seen(20, 10, 200, "b"),
        Seen(10, 4, 100, "a"),
        Seen(30, 20, 300, "c"),
        Seen(4, 0, 1, "s"),
        Seen(50, 4, 9, "x"),
    ]
    lineage.tag(lineage.key(seen[1]), 1)
    lineage.tag(lineage.key(seen[4]), 2)
    found = lineage.look(seen)
    assert {number: sorted(pid for pid, _ in members) for number, members in found.items()} == {
        1: [10, 20, 30],
        2: [50],
    }
    assert dict(found[1])[20] == lineage.key(seen[0])


def test_a_pid_that_was_given_out_again_is_no_parent(lineage):
    older, newer = Seen(20, 10, 50, "orphan"), Seen(10, 4, 100, "a")
    lineage.tag(lineage.key(newer), 1)
    assert [pid for pid, _ in lineage.look([older, newer])[1]] == [10]


def test_one_that_has_ended_is_remembered_for_a_while(lineage, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(under_test.time, "monotonic", lambda: now[0])
    lineage.tag(5, 1)
    assert lineage.look([]) == {}
    now[0] += under_test.KEPT_S
    lineage.look([])
    assert lineage.of(keys(5)).tolist() == [1]
    now[0] += 1
    lineage.look([])
    assert lineage.of(keys(5)).tolist() == [0]


def test_a_run_that_ended_is_forgotten_and_others_are_not(lineage):
    lineage.tag(5, 1)
    lineage.tag(6, 2)
    lineage.drop(1)
    assert lineage.of(keys(5, 6)).tolist() == [0, 2]
