"""How much the enforcer may do in a minute before it must be a mistake.

A policy with one wrong line can kill everything that an agent does, on every machine at once. Beyond these
limits nothing more is done to whole runs until a person orders it, and single processes are not killed
one after the other any longer: their run is frozen.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_S = 60.0
RUNS = 10
"""Runs that are frozen, isolated or killed by policy within the window."""

PROCESSES = 300
"""Processes of one run that are killed by policy within the window."""

FILES = 100
"""Files that are quarantined by policy within the window."""


class Rate:
    """At most ``most`` acts of a kind within the window, or at most so many kinds; a test hands in its own clock."""

    def __init__(self, most: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._monotonic = monotonic
        self._acts: dict[str, deque[float]] = {}

    def spend(self, kind: str) -> bool:
        """Count one act of a kind; false, and not counted, when there were as many as are permitted."""
        now = self._forget()
        times = self._acts.setdefault(kind, deque())
        while times and now - times[0] >= WINDOW_S:
            times.popleft()
        if len(times) >= self._most:
            return False
        times.append(now)
        return True

    def admit(self, kind: str) -> bool:
        """Count a kind, however often it acts; false, and not counted, when there were as many others as are permitted."""
        now = self._forget()
        if kind not in self._acts and len(self._acts) >= self._most:
            return False
        self._acts[kind] = deque([now])
        return True

    def _forget(self) -> float:
        """Drop the kinds that did nothing within the window; the time now."""
        now = self._monotonic()
        for name in [name for name, times in self._acts.items() if not times or now - times[-1] >= WINDOW_S]:
            del self._acts[name]
        return now
