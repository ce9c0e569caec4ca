"""Pauses and what ``Retry-After`` says, compared with the email package's own dates."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.export.backoff import pause, retry_after

NOW = datetime(2026, 9, 21, 14, tzinfo=UTC)


def test_pauses_double_up_to_the_longest_and_are_scattered():
    assert all(0.25 * 2**n <= pause(n + 1) <= 0.5 * 2**n for n in range(6))
    assert all(30 <= pause(n) <= 60 for n in (8, 50, 10_000))
    assert len({pause(5) for _ in range(20)}) > 10
    assert pause(50, longest=2.0) <= 2


def test_receivers_word_counts_within_reason():
    assert pause(1, 20.0) == 20
    assert pause(50, 1.0) >= 30
    assert pause(1, 1e9) == 900
    assert pause(1, 1e9, 30.0, math.inf) == 1e9
    assert all(15 <= pause(n, None, 30.0, math.inf) <= 30 for n in (7, 50))


@given(st.integers(1, 30), st.sampled_from([2.0, 30.0, 60.0]))
def test_a_pause_lies_in_the_upper_half_of_what_it_may_be(tries, longest):
    most = min(longest, 0.5 * 2 ** (tries - 1))
    assert most / 2 <= pause(tries, None, longest) <= most


@given(st.integers(1, 10_000), st.floats(0, 10_000), st.sampled_from([2.0, 30.0, 60.0]))
def test_a_pause_is_never_shorter_than_the_server_asked_for(tries, told, longest):
    assert pause(tries, told, longest, math.inf) >= told


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        (" 120 ", 120.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("Mon, 21 Sep 2026 14:01:00 -0000", 60.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("²", None),
        ("١٢", None),
        ("1.5", None),
        ("9" * 40, None),
        ("9" * 400, None),
    ],
)
def test_retry_after(value, seconds):
    assert retry_after(value, NOW) == seconds
