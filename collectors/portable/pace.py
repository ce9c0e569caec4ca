"""How often to look: as often as a small share of one processor allows, and rarely while nothing changes."""

from __future__ import annotations

import time

CALM_AFTER_S = 5.0
"""Without a change for this long, looks become rarer step by step."""


class Pace:
    """Times looks by what they cost; ``share`` is that of a processor which they may take."""

    def __init__(self, *, least: float, most: float, share: float) -> None:
        """Seconds between two looks, at least and at most."""
        self._least, self._most, self._share = least, most, share
        self._next = 0.0
        self._last = 0.0
        self._cost = 0.0
        self._changed = time.monotonic()

    def due(self) -> bool:
        """Whether it is time to look."""
        return time.monotonic() >= self._next

    def wait(self) -> float:
        """Seconds until then."""
        return max(0.0, self._next - time.monotonic())

    def looked(self, cost: float, *, changed: bool) -> None:
        """A look took ``cost`` seconds of processor time."""
        now = time.monotonic()
        if changed:
            self._changed = now
        self._cost = cost if not self._cost else (self._cost + cost) / 2
        calm = now - self._changed - CALM_AFTER_S
        pause = max(self._least, self._cost / self._share) * (1 + max(0.0, calm))
        self._last, self._next = now, now + min(self._most, pause)

    def hurry(self, *, share: float | None = None) -> None:
        """Something is going on: look at once, or as soon as a larger ``share`` of the processor permits."""
        self._changed = time.monotonic()
        self._next = 0.0 if share is None else min(self._next, self._last + max(self._least, self._cost / share))
