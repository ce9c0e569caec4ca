from __future__ import annotations

import pytest

from pipeline.policy.sequences.plan import MOST_ENTRIES, MOST_KEYS, SequencePlan, StepPlan


@pytest.mark.parametrize(("counts", "keys"), [((1,), 4096), ((64,), 4096), ((1, 128), 2048), ((10_000,), 26)])
def test_counts_and_keys_together_stay_within_one_bound(counts, keys):
    plan = SequencePlan("s", "p", "deny", tuple(StepPlan(0, count=c) for c in counts), 1)
    assert plan.keys == keys <= MOST_KEYS
    assert plan.keys * max(counts) <= MOST_ENTRIES


def test_some_key_always_stays():
    assert SequencePlan("s", "p", "deny", (StepPlan(0, count=10**9),), 1).keys == 1
