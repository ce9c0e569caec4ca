from __future__ import annotations

from collectors.replay.etl_file import Problem
from collectors.replay.imported import MOST_PROBLEMS, Counts


def test_problems_are_counted_beyond_those_that_are_kept():
    counts = Counts()
    for n in range(MOST_PROBLEMS + 5):
        counts.note(Problem(n, "x"))
    assert (len(counts.problems), counts.problem_count) == (MOST_PROBLEMS, MOST_PROBLEMS + 5)


def test_coverage_without_times():
    (row,) = Counts(records=3).coverage("etw", "b", 0, 0).to_pylist()
    assert (row["since"], row["emitted"], row["reason"]) == (None, 3, "none")
