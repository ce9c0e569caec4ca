from __future__ import annotations

import ipaddress
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.analysis import spans

SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)).map(lambda p: (p[0], p[0] + p[1])), max_size=4)


def numbers(found):
    return {n for low, high in found for n in range(low, high + 1)}


@given(SPANS, SPANS)
def test_runs_are_sets_of_numbers(some, others):
    assert numbers(spans.joined(some)) == numbers(some)
    assert numbers(spans.meet(some, others)) == numbers(some) & numbers(others)
    assert numbers(spans.minus(some, others)) == numbers(some) - numbers(others)
    assert spans.holds(some, others) == (numbers(others) <= numbers(some))


@given(SPANS)
def test_joined_runs_are_apart_and_ascending(some):
    found = spans.joined(some)
    assert all(high + 1 < low for (_, high), (low, _) in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("word", "local", "address", "held"),
    [
        ("loopback", False, "127.0.0.1", True),
        ("loopback", False, "0.0.0.0", True),
        ("loopback", True, "0.0.0.0", False),
        ("external", True, "0.0.0.0", True),
        ("external", False, "8.8.8.8", True),
        ("unresolved", False, "8.8.8.8", True),
        ("private", False, "169.254.169.254", True),
        ("private", False, "8.8.8.8", False),
    ],
)
def test_words_hold_the_addresses_that_the_decider_gives_them(word, local, address, held):
    assert spans.holds(spans.net((word,), local=local), (spans.network(address),)) is held


def test_ipv4_is_no_part_of_all_of_ipv6():
    assert not spans.meet(spans.networks(("::/0",)), spans.networks(("0.0.0.0/0",)))
    assert spans.network("::ffff:10.0.0.1") == spans.network("10.0.0.1")


@given(st.sampled_from(["10.0.0.0/8", "192.0.2.4", "2001:db8:1::/48", "203.0.113.0/24", "::1"]))
def test_an_example_is_inside(text):
    found = ipaddress.ip_address(spans.example(spans.networks((text,))))
    assert found in ipaddress.ip_network(text)
