"""Which part of a run's time is shown: read from the address, moved and narrowed by steps, never beyond the run.

The steps are there for those who use no pointer; with one, a part is chosen by drawing over the timeline.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from queries.parameters import ParameterError, duration, moment

LEAST = timedelta(milliseconds=1)
"""The shortest part that can be shown."""


@dataclass(frozen=True)
class Part:
    """``since`` to ``until`` of a run that lies between ``begin`` and ``end``."""

    begin: datetime
    end: datetime
    since: datetime
    until: datetime

    @property
    def whole(self) -> bool:
        """Whether that is all of it."""
        return self.since <= self.begin and self.until >= self.end

    def query(self) -> dict[str, str]:
        """As the address holds it; nothing for the whole run."""
        return {} if self.whole else {"since": self.since.isoformat(), "until": self.until.isoformat()}

    def within(self, since: datetime, until: datetime) -> Part:
        """The part between two moments, cut to the run; it is never shorter than ``LEAST``."""
        since, until = sorted((since, until))
        length = max(until - since, LEAST)
        if length >= self.end - self.begin:
            return replace(self, since=self.begin, until=self.end)
        start = min(max(since, self.begin), self.end - length)
        return replace(self, since=start, until=start + length)

    def closer(self) -> Part:
        """Half as long, around the same middle."""
        quarter = (self.until - self.since) / 4
        return self.within(self.since + quarter, self.until - quarter)

    def wider(self) -> Part:
        """Twice as long, around the same middle."""
        half = (self.until - self.since) / 2
        return self.within(self.since - half, self.until + half)

    def moved(self, direction: int) -> Part:
        """Half of its length earlier (-1) or later (1)."""
        step = direction * (self.until - self.since) / 2
        return self.within(self.since + step, self.until + step)


def read(begin: datetime, end: datetime, since: str | None, until: str | None) -> tuple[Part, bool]:
    """The part that an address names, and whether some of it could not be read. A span that ends now (7d) is for other pages."""
    whole = Part(begin, end, begin, end)
    try:
        first, last = _moment(since) or begin, _moment(until) or end
    except ParameterError:
        return whole, True
    if first >= end or last <= begin or last <= first:
        return whole, False
    return whole.within(max(first, begin), min(last, end)), False


def _moment(text: str | None) -> datetime | None:
    """A moment; ``None`` for nothing, and for a span. Raises ``ParameterError``."""
    if not text:
        return None
    try:
        duration(text)
    except ParameterError:
        return moment(text)
    return None
