from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from enforcer.windows.identity import process_key

PIDS = st.integers(1, (1 << 23) - 1).map(lambda n: 4 * n)
TIMES = st.integers(129_067_776_000_000_000, 129_067_776_000_000_000 + (1 << 41) * 10_000 - 1)


def test_epoch_is_the_beginning_of_2010():
    seconds = (datetime(2010, 1, 1, tzinfo=UTC) - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()
    assert int(seconds) * 10**7 == 129_067_776_000_000_000


@given(PIDS, TIMES, PIDS, TIMES)
def test_keys_differ_where_pid_or_millisecond_do(pid, created, other, later):
    origin = 129_067_776_000_000_000
    same = (pid, (created - origin) // 10_000) == (other, (later - origin) // 10_000)
    assert (process_key(pid, created) == process_key(other, later)) == same


@given(PIDS, TIMES)
def test_key_fits_a_signed_word(pid, created):
    assert -(1 << 63) <= process_key(pid, created) < 1 << 63
