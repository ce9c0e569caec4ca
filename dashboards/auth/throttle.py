"""Slows down who guesses passwords: after a few failures a name, and an address, has to wait, longer each time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

FREE = 5
"""Failures without a wait."""
FIRST_S, LONGEST_S = 2.0, 300.0
FORGET_S = 3600.0
MANY = 10_000
"""Names and addresses that are remembered; the oldest goes."""


class Throttle:
    """``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, *who: str) -> float:
        """Seconds until one more try is heard; 0 where it may come now."""
        now = self._clock()
        with self._lock:
            return max((self._left(key, now) for key in who), default=0.0)

    def failed(self, *who: str) -> None:
        """One more failure."""
        now = self._clock()
        with self._lock:
            for key in who:
                count, at = self._failures.pop(key, (0, now))
                self._failures[key] = (count + 1 if now - at < FORGET_S else 1, now)
            while len(self._failures) > MANY:
                self._failures.popitem(last=False)

    def passed(self, *who: str) -> None:
        """A success: what was before counts no more."""
        with self._lock:
            for key in who:
                self._failures.pop(key, None)

    def _left(self, key: str, now: float) -> float:
        count, at = self._failures.get(key, (0, now))
        if count < FREE:
            return 0.0
        return max(0.0, at + min(FIRST_S * 2.0 ** min(count - FREE, 20), LONGEST_S) - now)
