"""A check is a plain tuple, so that other parts can answer without knowing it."""

from lictor.probes.check import OK, Check


def test_a_tuple_of_five_is_a_check_and_all_well_needs_no_words():
    assert Check(*("name", OK, "found", "", "")) == Check("name", OK, "found")
