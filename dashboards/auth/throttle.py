"""Slows down who guesses passwords: after a few failures they have to wait, longer each time.

Counted for a name from an address first. An address as a whole may fail more often, since many people may share it,
and a name as a whole more often still: whoever guesses at it from elsewhere must not shut its owner out so easily.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

FREE_TOGETHER, FREE_OF_ADDRESS, FREE_OF_NAME = 5, 20, 50
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
        self._failures: OrderedDict[tuple[str, ...], tuple[int, float]] = OrderedDict()

    def wait(self, name: str, address: str) -> float:
        """Seconds until one more try is heard; 0 where it may come now."""
        now = self._clock()
        with self._lock:
            return max(self._left(key, free, now) for key, free in _keys(name, address))

    def failed(self, name: str, address: str) -> None:
        """One more failure."""
        now = self._clock()
        with self._lock:
            for key, _ in _keys(name, address):
                count, at = self._failures.pop(key, (0, now))
                self._failures[key] = (count + 1 if now - at < FORGET_S else 1, now)
            while len(self._failures) > MANY:
                self._failures.popitem(last=False)

    def passed(self, name: str, address: str) -> None:
        """A success: this name's failures from there count no more, those of others from there do."""
        with self._lock:
            for key, _ in _keys(name, address):
                count, at = self._failures.pop(key, (0, 0.0))
                if key[0] == "address" and count > 1:  # its own try was counted before it was known to be right
                    self._failures[key] = (count - 1, at)

    def _left(self, key: tuple[str, ...], free: int, now: float) -> float:
        count, at = self._failures.get(key, (0, now))
        if count < free or now - at >= FORGET_S:
            return 0.0
        return max(0.0, at + min(FIRST_S * 2.0 ** min(count - free, 20), LONGEST_S) - now)


def _keys(name: str, address: str) -> Iterator[tuple[tuple[str, ...], int]]:
    place = _place(address)
    yield ("together", name, place), FREE_TOGETHER
    yield ("address", place), FREE_OF_ADDRESS
    yield ("name", name), FREE_OF_NAME


def _place(address: str) -> str:
    """An address; of IPv6 its network, since each host has 2**64 of its own."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(found) if found.version == 4 else str(ipaddress.ip_network((int(found), 64), strict=False))
