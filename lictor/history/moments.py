"""Moments as people name them on a command line: a day, a time, or how long ago."""

from __future__ import annotations

import re

from lictor.errors import LictorError
from lictor.history.asking import Window
from pipeline.policy.quantities import NS, moment_ns

_AGO = re.compile(r"([0-9]+)(s|m|h|d)")


def window(since: str | None, until: str | None, now_ns: int) -> Window:
    """From when to when; raises ``LictorError`` for what is no moment, and where nothing lies between the two."""
    found = Window(_moment(since, now_ns), _moment(until, now_ns))
    if found.since is not None and found.until is not None and found.since >= found.until:
        raise LictorError(
            f"nothing lies between --since {since} and --until {until}: the first must be the earlier one"
        )
    return found


def _moment(text: str | None, now_ns: int) -> int | None:
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    if ago:
        return now_ns - int(ago[1]) * NS[ago[2]]
    try:
        return moment_ns(text)
    except ValueError:
        raise LictorError(
            f"{text!a} is no moment: write 2027-01-31, 2027-01-31T18:00:00Z, or how long ago, such as 24h or 7d"
        ) from None
