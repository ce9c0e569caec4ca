"""Which run a process belongs to: the one of whoever created it, from the moment that a first one was tagged.

A process keeps its number for as long as it lives, whatever becomes of its creator. It is known by key and not by pid, so
that who gets a used pid belongs to nobody.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from collectors.etw.machine import Seen
from collectors.etw.processkey import process_key

Keys = npt.NDArray[np.int64]

KEPT_S = 10.0
"""How long one that has ended is remembered: what it did last may still be in the buffers of a session."""


class Lineage:
    """Numbers of runs by process key. ``boot`` is what keys of this machine are made with."""

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._number: dict[int, int] = {}
        self._keys = self._numbers = np.zeros(0, np.int64)
        self._sorted = True
        self._missed: dict[int, float] = {}
        """Members that looks do not find any more, and since when (monotonic clock)."""

    def key(self, one: Seen) -> int:
        """Key of a process that was seen."""
        return process_key(self._boot, one.created, one.pid)

    def tag(self, key: int, number: int) -> None:
        """Make a process part of a run."""
        self._number[key] = number
        self._sorted = False

    def number(self, key: int) -> int:
        """Its run; 0 for none."""
        return self._number.get(key, 0)

    def of(self, keys: Keys) -> npt.NDArray[np.int64]:
        """The run of each process; 0 for none."""
        if not self._number:
            return np.zeros(len(keys), np.int64)
        if not self._sorted:
            self._keys = np.array(sorted(self._number), np.int64)
            self._numbers = np.array([self._number[k] for k in self._keys.tolist()], np.int64)
            self._sorted = True
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[at] == keys, self._numbers[at], 0)

    def follow(self, child: Keys, creator: Keys) -> None:
        """Take in who was created by a member, and by those in their turn, in whatever order they are told."""
        while len(child):
            new = (self.of(child) == 0) & (found := self.of(creator)).astype(np.bool_)
            if not new.any():
                return
            for key, number in zip(child[new].tolist(), found[new].tolist(), strict=True):
                self.tag(key, number)

    def look(self, seen: Sequence[Seen]) -> dict[int, list[tuple[int, int]]]:
        """(pid, key) of each member that lives, by run; children whose start was not told yet are taken in.

        A parent counts where it is older than the child, since its pid may be another's by now.
        """
        by_pid = {one.pid: one for one in seen}
        for one in sorted(seen, key=lambda one: one.created):
            above = by_pid.get(one.parent)
            if above is None or above.created > one.created or self.number(self.key(one)):
                continue
            if number := self.number(self.key(above)):
                self.tag(self.key(one), number)
        found: dict[int, list[tuple[int, int]]] = {}
        for one in seen:
            if number := self.number(key := self.key(one)):
                found.setdefault(number, []).append((one.pid, key))
        self._forget(key for members in found.values() for _, key in members)
        return found

    def drop(self, number: int) -> None:
        """Forget a run."""
        self._number = {key: n for key, n in self._number.items() if n != number}
        self._sorted = False

    def _forget(self, living: Iterable[int]) -> None:
        now, gone = time.monotonic(), self._number.keys() - set(living)
        self._missed = {key: self._missed.get(key, now) for key in gone}
        for key in [key for key, since in self._missed.items() if now - since > KEPT_S]:
            del self._number[key], self._missed[key]
            self._sorted = False
