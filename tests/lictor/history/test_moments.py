from __future__ import annotations

import pytest

from lictor.errors import LictorError
from lictor.history.asking import Window
from lictor.history.moments import window

NOW = 1_790_000_000_000_000_000


def test_days_times_and_how_long_ago():
    assert window("1970-01-02", "1970-01-03T00:00:00+01:00", NOW) == Window(86_400 * 10**9, (2 * 86_400 - 3600) * 10**9)
    assert window("7d", "90m", NOW) == Window(NOW - 7 * 86_400 * 10**9, NOW - 5400 * 10**9)
    assert window(None, None, NOW) == Window()


@pytest.mark.parametrize("text", ["yesterday", "7", "7w", "2027-13-01", "2027-01-01T10:00", ""])
def test_what_is_no_moment_is_refused_with_a_way_out(text):
    with pytest.raises(LictorError, match="is no moment: write"):
        window(text, None, NOW)


def test_nothing_in_between_is_refused():
    with pytest.raises(LictorError, match="nothing lies between --since 1h and --until 2h"):
        window("1h", "2h", NOW)
