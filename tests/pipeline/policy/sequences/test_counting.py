"""Each array operation against a loop that says the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.sequences import counting
from pipeline.policy.sequences.plan import NONE

VALUES = st.one_of(st.integers(-5, 5), st.just(NONE), st.sampled_from([2**62, -(2**62), 2**63 - 1]))
GROUPED = st.lists(st.tuples(st.integers(0, 4), VALUES), max_size=40).map(lambda rows: sorted(rows, key=lambda r: r[0]))


def arrays(rows):
    return np.array([g for g, _ in rows], np.int64), np.array([v for _, v in rows], np.int64)


@given(GROUPED)
def test_running_max_is_the_largest_so_far_and_the_earliest_row_of_it(rows):
    groups, values = arrays(rows)
    best, where = counting.running_max(values, counting.begins(groups))
    for i, (group, _) in enumerate(rows):
        before = [j for j in range(i + 1) if rows[j][0] == group]
        wanted = max(before, key=lambda j: (rows[j][1], -j))
        assert (best[i], where[i]) == (rows[wanted][1], wanted)


@given(GROUPED, st.integers(0, 3))
def test_earlier_looks_back_within_the_group(rows, places):
    groups, _ = arrays(rows)
    found = counting.earlier(counting.begins(groups), places).tolist()
    assert found == [i - places if i >= places and rows[i - places][0] == g else -1 for i, (g, _) in enumerate(rows)]


@given(GROUPED, st.integers(1, 3))
def test_latest_and_following_look_ahead_within_the_group(rows, places):
    groups, values = arrays(rows)
    same = [[j for j in range(i + 1, len(rows)) if rows[j][0] == rows[i][0]] for i in range(len(rows))]
    assert counting.latest(groups, places).tolist() == [len(after) < places for after in same]
    wanted = [rows[after[places - 1]][1] if len(after) >= places else 99 for after in same]
    assert counting.following(groups, values, places, 99).tolist() == wanted


@given(st.lists(st.integers(-9, 9)), st.lists(st.integers(-9, 9)))
def test_distinct_and_among_are_those_of_sets(values, others):
    ordered = counting.distinct(np.array(others, np.int64))
    assert ordered.tolist() == sorted(set(others))
    assert counting.among(np.array(values, np.int64), ordered).tolist() == [v in set(others) for v in values]
