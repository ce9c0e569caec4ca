"""When processes began, to the tick that ``/proc`` tells.

The key of a process holds its start in ticks of 10 ms. The kernel notes it some microseconds before it lets a tracepoint
know of the fork, and a tick may begin in between: one in a few hundred forks. Those that came early in a tick are looked
up while they live; a process that is gone already keeps the time of the tracepoint, in all its rows alike.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from collectors.identity import TICK_NS, read_stat
from pipeline import schema

_EARLY_NS = 1_000_000
"""A fork is told within a millisecond, if its processor is not taken away."""
_PROCESS = schema.CLASSES.index("process")
_FORK, _EXIT = (schema.OPERATION_BY_NAME[n].code for n in ("fork", "exit"))


class Starts:
    """True starts by those that the kernel programs told."""

    def __init__(self) -> None:
        self._true: dict[int, int] = {}
        self._ended: list[int] = []

    def of(self, told: int) -> int:
        """The start that belongs into a key."""
        return self._true.get(told, told)

    def correct(self, records: NDArray[np.void]) -> None:
        """True starts into records, in place."""
        for start in self._ended:
            self._true.pop(start, None)
        self._ended.clear()
        lives = np.flatnonzero(records["class"] == _PROCESS)
        forks = lives[records["op"][lives] == _FORK]
        start = records["fork.child_start"][forks]
        early = forks[start % np.uint64(TICK_NS) < _EARLY_NS]
        self._look(
            zip(records["fork.child_pid"][early].tolist(), records["fork.child_start"][early].tolist(), strict=True)
        )
        if not self._true:
            return
        exits = lives[records["op"][lives] == _EXIT]
        self._ended += [s for s in records["start"][exits].tolist() if s in self._true]
        self._replace(records, "start", np.arange(len(records)))
        self._replace(records, "fork.child_start", forks)

    def _look(self, children: Iterable[tuple[int, int]]) -> None:
        for pid, told in children:
            try:
                ticks = read_stat(pid).start_ticks
            except ProcessLookupError:
                continue
            if ticks == told // TICK_NS - 1:  # any other number is a later process with the same pid
                self._true[told] = ticks * TICK_NS

    def _replace(self, records: NDArray[np.void], name: str, rows: NDArray[np.intp]) -> None:
        told = np.array(sorted(self._true), np.uint64)
        true = np.array([self._true[int(s)] for s in told.tolist()], np.uint64)
        values = records[name][rows]
        at = np.minimum(np.searchsorted(told, values), len(told) - 1)
        wrong = told[at] == values
        records[name][rows[wrong]] = true[at[wrong]]
