"""What was last said of a key at a moment: pid → process, file object → name, key object → path.

Numbers of processes and addresses of objects are used again, so a question is about a moment: of all that was said of
the key up to then the last counts. Questions and statements of a whole chunk are answered by one sort.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from collectors.etw.pool import Codes

Keys = npt.NDArray[np.uint64]


class LastKnown:
    """Values by key and moment. At most ``limit`` keys are remembered from chunk to chunk, those last spoken of."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.keys: Keys = np.zeros(0, np.uint64)
        self.values: Codes = np.zeros(0, np.int64)
        self._spoken: Codes = np.zeros(0, np.int64)
        self._now = 0
        self.forgotten = 0
        """Keys that had to go although nobody said that they are gone."""

    def told(self, keys: Keys, at: Codes, values: Codes) -> Statements:
        """What a chunk says, before the questions of the same chunk."""
        before = np.full(len(self.keys), np.iinfo(np.int64).min)
        all_keys = np.concatenate([self.keys, keys.astype(np.uint64)])
        all_at = np.concatenate([before, at])
        all_values = np.concatenate([self.values, values])
        order = np.lexsort((all_at, all_keys))
        return Statements(all_keys[order], all_at[order], all_values[order])

    def remember(self, keys: Keys, at: Codes, values: Codes) -> None:
        """Take a chunk's statements over to the next one."""
        if not len(keys):
            return
        self._now += 1
        all_keys = np.concatenate([self.keys, keys.astype(np.uint64)])
        all_at = np.concatenate([np.full(len(self.keys), np.iinfo(np.int64).min), at])
        all_values = np.concatenate([self.values, values])
        spoken = np.concatenate([self._spoken, np.full(len(keys), self._now)])
        order = np.lexsort((all_at, all_keys))
        last = order[np.append(all_keys[order][1:] != all_keys[order][:-1], [True])]
        if len(last) > self._limit:
            self.forgotten += len(last) - self._limit
            last = np.sort(last[np.argsort(spoken[last], kind="stable")[-self._limit :]])
            last = last[np.argsort(all_keys[last], kind="stable")]
        self.keys, self.values, self._spoken = all_keys[last], all_values[last], spoken[last]

    def renumber(self, moved: Codes) -> None:
        """Values are numbers of a pool that was cut down."""
        self.values = moved[self.values]


class Statements:
    """Sorted by key and moment, ready to be asked."""

    def __init__(self, keys: Keys, at: Codes, values: Codes) -> None:
        self._keys, self._at, self._values = keys, at, values
        self._distinct, self._first = np.unique(keys, return_index=True)

    def asked(self, keys: Keys, at: Codes) -> Codes:
        """The value of each key at its moment; -1 where nothing had been said."""
        if not len(self._keys) or not len(keys):
            return np.full(len(keys), -1, np.int64)
        keys = keys.astype(np.uint64)
        known = np.minimum(np.searchsorted(self._distinct, keys), len(self._distinct) - 1)
        there = self._distinct[known] == keys
        found = self._before(known, at)
        answer = np.where(there & (found >= self._first[known]), self._values[np.maximum(found, 0)], -1)
        return answer.astype(np.int64)

    def _before(self, known: Codes, at: Codes) -> Codes:
        """Index of the last statement at or before the moment, by one sort of statements and questions together."""
        group = np.concatenate([np.searchsorted(self._distinct, self._keys), known])
        moment = np.concatenate([self._at, at])
        question = np.concatenate([np.zeros(len(self._at), np.int8), np.ones(len(at), np.int8)])
        order = np.lexsort((question, moment, group))
        statements_so_far = np.cumsum(question[order] == 0) - 1
        found = np.empty(len(order), np.int64)
        found[order] = statements_so_far
        return found[len(self._at) :]
