"""Single steps by hand; whole sequences are held to a plain reading in ``test_automaton``."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.policy.sequences.chains import Entries, Pending, Step, Waiting, as_rows, shown
from pipeline.policy.sequences.plan import NONE


def rows(keys, times=None):
    count = len(keys)
    return as_rows(np.array(keys), np.arange(100, 100 + count), np.array(times or range(count)))


def no_entries(width=1):
    return Entries(*(np.zeros(0, np.int64) for _ in range(3)), np.zeros((0, width), np.int64))


def nothing_waits(keys, width=1):
    return Waiting(np.full(keys, NONE), np.zeros((keys, width), np.int64))


def test_every_event_of_a_first_step_begins_a_chain():
    step = Step(rows([0, 0, 1]), np.array([0, 2]), 1, None, None)
    assert step.values.tolist() == [0, 2]
    assert step.chains(np.array([0, 1])).tolist() == [[100], [102]]


def test_count_looks_back_within_its_key():
    step = Step(rows([0, 0, 0, 1, 1]), np.arange(5), 3, None, no_entries())
    assert step.values.tolist() == [NONE, NONE, 0, NONE, NONE]
    assert step.chains(np.array([2])).tolist() == [[100, 101, 102]]


def test_remembered_events_count_on_in_the_next_batch():
    kept = Step(rows([0, 0, 0]), np.arange(3), 3, None, no_entries()).remembered()
    assert kept.positions.tolist() == [101, 102]
    after = Step(as_rows(np.array([0]), np.array([900]), np.array([9])), np.array([0]), 3, None, kept)
    assert after.values.tolist() == [1]
    assert after.chains(np.array([0])).tolist() == [[101, 102, 900]]


@pytest.mark.parametrize(("kills", "begun"), [([], 1), ([2], NONE), ([1], 1), ([3], 1)])
def test_only_an_event_strictly_in_between_ends_what_waits(kills, begun):
    all_rows = rows([0, 0, 0, 0])
    flags = np.zeros(4, np.bool_)
    flags[kills] = True
    first = Step(all_rows, np.array([1]), 1, None, None)
    pending = Pending(all_rows, first, nothing_waits(1), flags)
    assert Step(all_rows, np.array([3]), 1, pending, None).values.tolist() == [begun]


def test_what_waits_is_carried_over_per_key():
    all_rows = rows([0, 1, 1])
    pending = Pending(all_rows, Step(all_rows, np.array([1]), 1, None, None), nothing_waits(2), np.zeros(3, np.bool_))
    left = pending.left()
    assert left.values.tolist() == [NONE, 1]
    later = rows([0, 1])
    again = Pending(later, Step(later, np.zeros(0, np.int64), 1, None, None), left, np.zeros(2, np.bool_))
    step = Step(later, np.array([0, 1]), 1, again, None)
    assert step.values.tolist() == [NONE, 1]
    assert step.chains(np.array([1])).tolist() == [[101, 101]]


def test_long_counts_are_shown_in_part():
    assert [shown(n) for n in (1, 8, 10_000)] == [1, 8, 8]
