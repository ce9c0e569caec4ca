"""How long to wait before the next try, and what an HTTP server says about that.

Pauses double and are scattered, so that machines that lost the same server do not all come back in the same instant.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_S = 0.5
LONGEST_S = 30.0


def pause(tries: int, told: float | None = None) -> float:
    """Seconds to wait after so many tries: scattered, and never shorter than the target told."""
    longest: float = min(LONGEST_S, FIRST_S * 2 ** (tries - 1))
    own = longest * random.uniform(0.5, 1)  # noqa: S311 - scattered, not secret
    return own if told is None else max(own, told)


def told_pause(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for; ``None`` where there is none that can be read."""
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
