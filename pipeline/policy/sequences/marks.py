"""A table of label bits by 64-bit key (a process, a file): sorted arrays, looked up for many keys at once."""

from __future__ import annotations

import numpy as np

from pipeline.policy.sequences.counting import among, distinct
from pipeline.policy.sequences.plan import Flags, Longs


class Marks:
    """Which labels something bears, and since which row of the run."""

    def __init__(self) -> None:
        self.keys = np.zeros(0, np.int64)
        self.bits = np.zeros(0, np.int64)
        self._since = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self.keys)

    def look_up(self, keys: Longs) -> Longs:
        """Bits of each key, 0 for one that bears none."""
        if not len(self.keys):
            return np.zeros(len(keys), np.int64)
        place = np.searchsorted(self.keys, keys)
        found: Longs = np.where(self.keys.take(place, mode="clip") == keys, self.bits.take(place, mode="clip"), 0)
        return found

    def add(self, keys: Longs, bits: Longs, since: Longs) -> None:
        """Add bits to distinct keys; ``since`` counts for those that bore none."""
        place, known = np.searchsorted(self.keys, keys), among(keys, self.keys)
        self.bits[place[known]] |= bits[known]
        fresh = np.flatnonzero(~known & (bits != 0))
        if len(fresh):
            order = np.argsort(np.concatenate([self.keys, keys[fresh]]), kind="stable")
            self.keys = np.concatenate([self.keys, keys[fresh]])[order]
            self.bits = np.concatenate([self.bits, bits[fresh]])[order]
            self._since = np.concatenate([self._since, since[fresh]])[order]

    def drop(self, keys: Longs) -> None:
        """Forget some keys."""
        if len(self.keys) and len(keys):
            self._keep(~among(self.keys, distinct(keys)))

    def keep_latest(self, most: int) -> int:
        """Forget those that were added first; how many these are."""
        over = len(self.keys) - most
        if over <= 0:
            return 0
        gone = np.lexsort((self.keys, self._since))[:over]
        kept = np.ones(len(self.keys), np.bool_)
        kept[gone] = False
        self._keep(kept)
        return over

    def renamed(self, keys: Longs) -> None:
        """Give every key another one; ``keys[i]`` is that of the i-th now."""
        order = np.argsort(keys)
        self.keys, self.bits, self._since = keys[order], self.bits[order], self._since[order]

    def _keep(self, kept: Flags) -> None:
        self.keys, self.bits, self._since = self.keys[kept], self.bits[kept], self._since[kept]
