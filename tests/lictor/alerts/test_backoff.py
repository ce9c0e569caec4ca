from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.alerts.backoff import FIRST_S, LONGEST_S, pause, told_pause

NOW = datetime(2027, 1, 31, 12, 0, 0, tzinfo=UTC)


@given(st.integers(1, 30))
def test_pauses_double_up_to_the_longest_and_are_scattered(tries):
    longest = min(LONGEST_S, FIRST_S * 2 ** (tries - 1))
    assert longest / 2 <= pause(tries) <= longest


def test_two_machines_do_not_come_back_in_the_same_instant():
    assert len({pause(5) for _ in range(20)}) > 10


@given(st.integers(1, 30), st.floats(0, 10_000))
def test_a_pause_is_never_shorter_than_the_server_asked_for(tries, told):
    assert pause(tries, told) >= told


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("Sun, 31 Jan 2027 12:00:30 GMT", 30),
        ("Sun, 31 Jan 2027 12:00:30 -0000", 30),
        ("Sun, 31 Jan 2027 11:00:00 GMT", 0),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("9" * 400, None),
        ("١٢", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(value, seconds):
    assert told_pause(value, NOW) == seconds
