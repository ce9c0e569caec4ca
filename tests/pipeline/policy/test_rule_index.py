from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.rule_index import RuleIndex

MASKS = st.integers(0, 2**70)


@given(st.lists(st.tuples(MASKS, MASKS), max_size=30), MASKS, MASKS)
def test_lets_through_exactly_what_the_masks_do_and_in_order(masks, path, address):
    rules = [(i, *pair) for i, pair in enumerate(masks)]
    wanted = [i for i, p, a in rules if (not p or p & path) and (not a or a & address)]
    assert list(RuleIndex(rules).candidates(path, address)) == wanted
