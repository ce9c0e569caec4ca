"""Filters of the explorer from an address: a filter of its own is stronger than a set's, the rest is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboards.exploring import choice
from queries import paging


def test_nothing_is_everything():
    assert choice.read({}) == (None, choice.Choice())


def test_a_set_and_a_filter_beside_it():
    named, chosen = choice.read({"set": ["egress"], "scope": ["private"]})
    assert named == "egress"
    assert chosen.activities == ("Network connect",)
    assert chosen.scopes == ("private",)
    assert chosen.beyond_hours


def test_values_that_no_filter_has_are_told():
    named, chosen = choice.read({"set": ["x"], "activity": ["Process", "y"], "label": ["a\nb", "credential"]})
    assert named is None
    assert chosen.activities == ("Process",)
    assert chosen.labels == ("credential",)
    assert set(chosen.ignored) == {"x", "y", "a\nb"}


@given(
    st.dictionaries(
        st.sampled_from(["set", "activity", "verdict", "label", "kind", "scope", "other"]),
        st.lists(st.text(), max_size=5),
    )
)
def test_any_address_can_be_read_and_bound(address):
    _, chosen = choice.read(address)
    paging.bound("explorer_rows", chosen.values())
    paging.bound("explorer_time", chosen.counted())


def test_sets_use_only_words_that_there_are():
    for _, chosen in choice.SETS.values():
        assert set(chosen.activities) <= set(choice.ACTIVITIES)
        assert set(chosen.scopes) <= set(choice.SCOPES)
