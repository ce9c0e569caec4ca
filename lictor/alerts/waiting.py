"""Alerts that wait for one target: first come, first served, and bounded.

When there are too many the oldest of the least severe makes room: a flood of small things must not push out the one
that matters.
"""

from __future__ import annotations

from collections import deque

from lictor.alerts.alert import Alert
from pipeline import schema

LIMIT = 1000
"""Alerts that wait for one target at most."""


class Waiting:
    """The queue of one target; used under its worker's lock."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._by_level: list[deque[tuple[int, Alert]]] = [deque() for _ in schema.SEVERITIES]
        self._count = 0

    def __len__(self) -> int:
        return sum(map(len, self._by_level))

    def put(self, alert: Alert) -> Alert | None:
        """Add one; returns the one that had to make room, which may be the same."""
        self._count += 1
        self._by_level[alert.level].append((self._count, alert))
        if len(self) <= self._limit:
            return None
        return next(queue for queue in self._by_level if queue).popleft()[1]

    def next(self) -> Alert | None:
        """Take out the oldest; ``None`` when nothing waits."""
        queues = [queue for queue in self._by_level if queue]
        return min(queues, key=lambda queue: queue[0][0]).popleft()[1] if queues else None
