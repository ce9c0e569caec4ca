"""How long to wait before something is sent again, a batch of events or an alert: pauses double and are scattered, so
that machines which lost the same receiver do not all come back in the same instant.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_S = 0.5
LONGEST_S = 60.0
LONGEST_TOLD_S = 900.0
"""A receiver of events may ask for a long pause, but not for ever."""


def pause(
    tries: int, told: float | None = None, longest: float = LONGEST_S, longest_told: float = LONGEST_TOLD_S
) -> float:
    """Seconds to wait after so many tries (1 is the first); never shorter than the receiver told, up to ``longest_told``."""
    own: float = min(longest, FIRST_S * 2 ** min(tries - 1, 30)) * random.uniform(0.5, 1)  # noqa: S311 - scattered, not secret
    return own if told is None else max(own, min(told, longest_told))


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (RFC 9110 §10.2.3); ``None`` where it says nothing that can be read."""
    text = (value or "").strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
