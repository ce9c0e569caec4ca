"""Which stretches of time have to be looked at, when the rows that are new lie here and there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

MAX_SPANS = 8
"""Stretches that are asked about one by one when new rows lie far apart."""

FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""The calendar as SQL and Python share it."""

_SECOND = 1_000_000


def spans(times: np.ndarray, lookback: timedelta) -> list[tuple[datetime, datetime]]:
    """Stretches of time around rows: the look-back before and behind each, those that overlap or touch made one.

    ``times`` in microseconds since 1970. At most ``MAX_SPANS``; past that the smallest gaps are closed.
    """
    seconds = np.unique(times // _SECOND)
    if not len(seconds):
        return []
    reach = int(lookback.total_seconds()) + 1
    gaps = np.diff(seconds)
    cut = np.flatnonzero(gaps > 2 * reach + 1)
    if len(cut) >= MAX_SPANS:
        cut = np.sort(cut[np.argsort(gaps[cut])[-(MAX_SPANS - 1) :]])
    firsts, lasts = seconds[np.r_[0, cut + 1]], seconds[np.r_[cut, len(seconds) - 1]]
    return [(_moment(a - reach), _moment(b + reach + 1)) for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True)]


def _moment(seconds: int) -> datetime:
    try:
        return min(max(datetime.fromtimestamp(seconds, UTC), FIRST), LAST)
    except (ValueError, OverflowError, OSError):
        return FIRST if seconds < 0 else LAST
