"""The rows that a finding rests on, as its ``evidence`` names them, and the time around them.

A lake of a hundred million rows is asked for them by time first; the time stands in the evidence itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

MARGIN = timedelta(milliseconds=1)
GUESS = timedelta(hours=1)
"""Around the finding, where its evidence tells no time."""
BEFORE, AFTER = timedelta(minutes=5), timedelta(hours=1)
"""How long before the first row and after the last one actions belong to a finding: people decide later."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Proof:
    """``named``: how many rows; ``facts``: what the evidence says that is no row (of an alarm: which action failed)."""

    named: int
    since: datetime
    until: datetime
    facts: dict[str, Any]
    timed: bool = True

    @property
    def around(self) -> tuple[datetime, datetime]:
        """When actions belong to it."""
        return self.since - BEFORE, self.until + AFTER


def read(evidence: str | None, found: datetime) -> Proof:
    """The proof of a finding that was found then; evidence that cannot be read names nothing."""
    try:
        said = json.loads(evidence or "[]")
    except (ValueError, RecursionError):
        said = []
    rows = [row for row in said if isinstance(row, dict)] if isinstance(said, list) else []
    facts = said if isinstance(said, dict) else {}
    times = [at for row in rows if (at := _moment(row.get("time_ns"))) is not None]
    if not times:
        return Proof(len(rows), found - GUESS, found + GUESS, facts, timed=False)
    return Proof(len(rows), min(times) - MARGIN, max(times) + MARGIN, facts)


def _moment(time_ns: object) -> datetime | None:
    if not isinstance(time_ns, int) or isinstance(time_ns, bool):
        return None
    try:
        return _EPOCH + timedelta(microseconds=time_ns // 1000)
    except OverflowError:
        return None
