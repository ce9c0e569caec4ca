"""Records who was turned away, sparingly: whoever may knock could otherwise fill the lake with rows about it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dashboards.interface import Account, DashboardError, Journal, Role

A_MINUTE = 60
"""Rows in a minute; those above it are counted, and the count stands in the next row."""


class Denials:
    """``clock`` gives monotonic seconds."""

    def __init__(self, journal: Journal, clock: Callable[[], float] = time.monotonic) -> None:
        self._journal, self._clock = journal, clock
        self._lock = threading.Lock()
        self._began, self._written, self._left_out = clock(), 0, 0

    def write(self, name: str, why: str, client: str, source: str = "none") -> None:
        """One refused sign-in; nothing is raised, since nobody came in."""
        left_out = self._taken()
        if left_out is None:
            return
        nobody = Account(name[:64] or "nobody", Role.viewer, source)
        detail = {"not_written": left_out} if left_out else None
        try:
            self._journal.write(nobody, "sign_in", outcome="denied", note=why, client=client, detail=detail)
        except DashboardError:
            return  # the next who does come in will be told

    def _taken(self) -> int | None:
        """How many were left out before this one; ``None`` where it is left out too."""
        with self._lock:
            if self._clock() - self._began >= 60.0:
                self._began, self._written = self._clock(), 0
            if self._written >= A_MINUTE:
                self._left_out += 1
                return None
            self._written += 1
            left_out, self._left_out = self._left_out, 0
            return left_out
