"""One positive step of a sequence within a batch: its events, the chains that end at each, what waits for the next step.

All arrays stand sorted by key, within a key in the order of the stream; a row's index in that order
is its *place*. Chains are followed back only for the few that must be named or kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.policy.sequences.counting import begins, earlier, latest, running_max
from pipeline.policy.sequences.plan import NONE, SHOWN, Codes, Flags, Longs


@dataclass(frozen=True)
class Rows:
    """Rows of a batch, sorted by key: ``keys`` are small numbers, ``starts`` the place where each key begins."""

    keys: Longs
    starts: Longs
    positions: Longs
    times: Longs


@dataclass(frozen=True)
class Entries:
    """Events of a step that are remembered for its count, by key: when the chain that each belongs to began at the
    latest, and the positions of that chain's events up to the first one of this step (``heads``).
    """

    keys: Longs
    values: Longs
    positions: Longs
    heads: Longs


@dataclass(frozen=True)
class Waiting:
    """For each key when the best chain that waits for the next step began (``NONE``: none does), and its events."""

    values: Longs
    chains: Longs


class Step:
    """The events of one step and, for each of them, the best chain that ends there.

    ``values`` is when that chain began, ``NONE`` where none ends there.
    """

    def __init__(self, rows: Rows, places: Longs, count: int, before: Pending | None, old: Entries | None) -> None:
        self.places = places
        self._rows = rows
        self._before = before
        self._count = count
        if before is None:
            begun, self._pointers = rows.times[places], np.zeros(len(places), np.int64)
        else:
            begun, self._pointers = before.look_up(places)
        if count == 1:
            self.values = begun
        else:
            self._count_up(begun, old)

    def _count_up(self, begun: Longs, old: Entries | None) -> None:
        """Put remembered events before the new ones of their key, and let each look back ``count`` - 1 places."""
        if old is None:
            raise AssertionError("a counted step has a memory")
        self._old, known = old, len(old.keys)
        keys = np.concatenate([old.keys, self._rows.keys[self.places]])
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        self._positions = np.concatenate([old.positions, self._rows.positions[self.places]])[self._order]
        first = begins(self._keys)
        values = np.concatenate([old.values, begun])[self._order]
        self._best, where = running_max(values, first)
        self._origin = self._order[where]
        here = np.flatnonzero(self._order >= known)
        back = earlier(first, self._count - 1)[here]
        self._firsts, self._lasts = np.where(back < 0, -1, self._origin[back]), here
        self.values = np.where(back < 0, NONE, self._best[back])

    def positions(self, events: Longs) -> Longs:
        """Positions of some events of this step."""
        return self._rows.positions[self.places[events]]

    def heads(self, events: Longs) -> Longs:
        """For some events the chain up to the first event of this step."""
        if self._count == 1:
            return self._heads_of(events)
        origins, known = self._firsts[events], len(self._old.keys)
        new = origins >= known
        found = np.empty((len(events), self._old.heads.shape[1]), np.int64)
        found[~new] = self._old.heads[origins[~new]]
        found[new] = self._heads_of(origins[new] - known)
        return found

    def chains(self, events: Longs) -> Longs:
        """For some events at which a chain ends all the positions that it names."""
        heads = self.heads(events)
        if self._count == 1:
            return heads
        places = self._lasts[events][:, None] - np.arange(shown(self._count) - 2, -1, -1)
        return np.concatenate([heads, self._positions[places]], axis=1)

    def remembered(self) -> Entries:
        """What the next batch must know of a counted step."""
        kept = np.flatnonzero(latest(self._keys, self._count - 1))
        origins, known = self._origin[kept], len(self._old.keys)
        new = origins >= known
        heads = np.empty((len(kept), self._old.heads.shape[1]), np.int64)
        heads[~new] = self._old.heads[origins[~new]]
        heads[new] = self._heads_of(origins[new] - known)
        return Entries(self._keys[kept], self._best[kept], self._positions[kept], heads)

    def _heads_of(self, events: Longs) -> Longs:
        own = self.positions(events)[:, None]
        if self._before is None:
            return own
        return np.concatenate([self._before.chains(self._pointers[events]), own], axis=1)


class Pending:
    """Chains that wait between two steps; an event of ``kills`` ends those of its key that wait by then."""

    def __init__(self, rows: Rows, step: Step, carried: Waiting, kills: Flags) -> None:
        self._step = step
        self._carried = carried
        self._killed = np.cumsum(kills)
        self._before: Longs = self._killed - kills
        old = np.flatnonzero(carried.values != NONE)
        new = np.flatnonzero(step.values != NONE)
        at = np.concatenate([2 * rows.starts[old], 2 * step.places[new] + 1])
        order = np.argsort(at, kind="stable")
        self._at = at[order]
        self._keys = np.concatenate([old, rows.keys[step.places[new]]])[order]
        epochs = np.concatenate([self._before[rows.starts[old]], self._killed[step.places[new]]])
        self._epochs = epochs[order]
        segment = begins(self._keys) | begins(self._epochs)
        values = np.concatenate([carried.values[old], step.values[new]])[order]
        self._best, where = running_max(values, segment)
        # Pointers: a key with its carried chain, or -1 - an event of the step.
        self._pointers = np.concatenate([old, -1 - new])[order][where]
        self._rows = rows

    def look_up(self, places: Longs) -> tuple[Longs, Longs]:
        """For rows of the next step: when the best chain that waits there began, and the pointer to it."""
        found = np.searchsorted(self._at, 2 * places, side="right") - 1
        alive = found >= 0
        if not alive.any():
            return np.full(len(places), NONE, np.int64), np.zeros(len(places), np.int64)
        alive &= self._keys[found] == self._rows.keys[places]
        alive &= self._epochs[found] == self._before[places]
        return np.where(alive, self._best[found], NONE), np.where(alive, self._pointers[found], 0)

    def chains(self, pointers: Longs) -> Longs:
        """Positions of the events of some chains that wait."""
        found = np.zeros((len(pointers), self._carried.chains.shape[1]), np.int64)
        old = pointers >= 0
        found[old] = self._carried.chains[pointers[old]]
        found[~old] = self._step.chains(-1 - pointers[~old])
        return found

    def left(self) -> Waiting:
        """What waits at the end of the batch."""
        values = np.full(len(self._carried.values), NONE, np.int64)
        chains = self._carried.chains.copy()
        ends = np.flatnonzero(np.append(self._keys[1:] != self._keys[:-1], True)) if len(self._keys) else self._keys
        last = np.append(self._rows.starts[1:], len(self._rows.keys)) - 1
        ends = ends[self._epochs[ends] == self._killed[last[self._keys[ends]]]]
        values[self._keys[ends]] = self._best[ends]
        chains[self._keys[ends]] = self.chains(self._pointers[ends])
        return Waiting(values, chains)


def shown(count: int) -> int:
    """How many events of a step a chain names."""
    return min(count, SHOWN)


def as_rows(keys: Codes, positions: Longs, times: Longs) -> Rows:
    """Rows that stand sorted by key; keys are dense."""
    return Rows(keys.astype(np.int64), np.flatnonzero(begins(keys)), positions, times)
