"""Chains of one sequence in one run: fed with the rows that match its steps, it says which complete it.

What a sequence means. The order is that of the stream. Rows without a value in the column of ``by``
take no part; the others are looked at per key.

- A *chain* has ``count`` events for each positive step, all of one key. All events of a step come
  before all events of the next one: an event never serves two successive steps.
- No event that matches a negated step lies between the last event of the positive step before it and the
  first event of the one after it. An event that serves one of the two does not lie between them.
- The time of the last event is at most ``within`` after that of the first one. Times may go back: only this
  difference counts.
- An event *completes* the sequence if some chain ends with it. Of several the one that began latest is
  taken (by time), of equal ones the one whose steps were reached first. Each completing event gets the verdict.
- A completing event makes a *finding* if its chain rests on other events before the last step than the
  completing event right before it among the key's events of the last step, or if that event
  completed nothing. So one read and a thousand connections are one finding, and a rate that stays exceeded is one.
  Beyond ``MOST_FINDINGS`` they are counted instead.

State per key: after each step but the last when the best waiting chain began and its events; for a counted step a
shift register of its latest ``count`` - 1 events. At the end of a block of the run
(``BLOCK_ROWS``) only the keys with the latest events stay, ``SequencePlan.keys`` of them; a key that goes
while a chain could still be completed is counted as lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.policy.sequences.chains import Entries, Pending, Rows, Step, Waiting, as_rows, shown
from pipeline.policy.sequences.counting import begins, distinct
from pipeline.policy.sequences.keys import keys_of
from pipeline.policy.sequences.plan import MOST_FINDINGS, NONE, Flags, Longs, SequencePlan

_NEW_SERIES = -1


@dataclass(frozen=True)
class Completed:
    """Indices of the rows that complete a sequence; of those that make a finding, with the positions of their chains."""

    rows: Longs
    found: Longs
    chains: Longs


class Automaton:
    """The state of one sequence for one run."""

    def __init__(self, plan: SequencePlan) -> None:
        self.plan = plan
        self.lost = 0
        self.withheld = 0
        self._findings_left = MOST_FINDINGS
        self._positive = [i for i, step in enumerate(plan.steps) if not step.negated]
        self._counts = [plan.steps[i].count for i in self._positive]
        ends = [*self._positive[1:], len(plan.steps)]
        self._killers = [tuple(range(a + 1, b)) for a, b in zip(self._positive, ends, strict=True)]
        widths = np.cumsum([0, *map(shown, self._counts)]).tolist()
        self._keys = keys_of(plan.by)
        self._waiting = [Waiting(_longs(), _longs(0, width)) for width in widths[1:-1]]
        self._entries = [
            Entries(_longs(), _longs(), _longs(), _longs(0, width + 1)) if count > 1 else None
            for width, count in zip(widths, self._counts, strict=False)
        ]
        self._touched = _longs()
        self._series = _longs()

    def advance(self, positions: Longs, times: Longs, keys: pa.Array, hits: list[Flags]) -> Completed | None:
        """Take in rows in the order of the stream; ``hits`` says for each step of the plan which of them match.

        ``None`` where nothing completes.
        """
        numbers = self._keys.numbers(keys, hits[0])
        self._grow()
        if not len(self._touched):
            return None
        chosen = np.flatnonzero(numbers >= 0)
        numbers = numbers[chosen]
        if len(self._touched) > 1:
            order = np.argsort(numbers, kind="stable")
            chosen, numbers = chosen[order], numbers[order]
        if not len(chosen):
            return None
        first = begins(numbers)
        known = numbers[first]
        rows = as_rows(np.cumsum(first) - 1, positions[chosen], times[chosen])
        self._touched[known] = rows.positions[np.append(rows.starts[1:], len(chosen)) - 1]
        last, before = self._step_by_step(rows, known, [hit[chosen] for hit in hits])
        return self._completed(rows, known, last, before, chosen)

    def keep_latest(self, now: int) -> None:
        """The end of a block: forget the keys that had no event for the longest; ``now`` is the latest time seen."""
        if len(self._touched) <= self.plan.keys:
            return
        order = np.argsort(self._touched)
        gone, kept = order[: -self.plan.keys], np.sort(order[-self.plan.keys :])
        latest = np.full(len(self._touched), NONE, np.int64)
        for waiting in self._waiting:
            np.maximum(latest, waiting.values, out=latest)
        for entries in self._entries:
            if entries is not None:
                np.maximum.at(latest, entries.keys, entries.values)
        self.lost += int((latest[gone] >= now - self.plan.within_ns).sum())
        self._keys.keep(kept)
        self._touched, self._series = self._touched[kept], self._series[kept]
        self._waiting = [Waiting(w.values[kept], w.chains[kept]) for w in self._waiting]
        self._entries = [e if e is None else _renumbered(e, kept) for e in self._entries]

    def needed(self) -> Longs:
        """Positions of the events that chains may still name."""
        parts = [w.chains[w.values != NONE].ravel() for w in self._waiting]
        for entries in self._entries:
            if entries is not None:
                known = entries.values != NONE
                parts += [entries.positions, entries.heads[known].ravel()]
        return distinct(np.concatenate([_longs(), *parts]))

    def _grow(self) -> None:
        more = len(self._keys) - len(self._touched)
        if more:
            self._touched = np.append(self._touched, np.zeros(more, np.int64))
            self._series = np.append(self._series, np.full(more, _NEW_SERIES))
            self._waiting = [
                Waiting(
                    np.append(w.values, np.full(more, NONE)), np.append(w.chains, _longs(more, w.chains.shape[1]), 0)
                )
                for w in self._waiting
            ]

    def _step_by_step(self, rows: Rows, known: Longs, hits: list[Flags]) -> tuple[Step, Pending | None]:
        """The events of the last step, with everything before them worked out and remembered."""
        pending: Pending | None = None
        for i, count in enumerate(self._counts):
            places = np.flatnonzero(hits[self._positive[i]])
            old, others = _split(self._entries[i], known)
            step = Step(rows, places, count, pending, old)
            if others is not None:
                self._entries[i] = _merged(others, step.remembered(), known)
            if i == len(self._waiting):
                return step, pending
            carried = self._waiting[i]
            kills = np.zeros(len(rows.keys), np.bool_)
            for k in self._killers[i]:
                kills |= hits[k]
            pending = Pending(rows, step, Waiting(carried.values[known], carried.chains[known]), kills)
            left = pending.left()
            carried.values[known], carried.chains[known] = left.values, left.chains
        raise AssertionError("a sequence ends with a positive step")

    def _completed(
        self, rows: Rows, known: Longs, step: Step, before: Pending | None, chosen: Longs
    ) -> Completed | None:
        if not len(step.places):
            return None
        begun, times = step.values, rows.times[step.places]
        # The distance first: a chain may have begun near the lower end of the numbers.
        complete = (begun != NONE) & (times - begun <= self.plan.within_ns)
        if not complete.any():
            self._series[known[distinct(rows.keys[step.places])]] = _NEW_SERIES
            return None
        events = np.flatnonzero(complete)
        series = np.full(len(complete), _NEW_SERIES)
        series[events] = 0 if before is None else step.heads(events)[:, -2]
        found = np.flatnonzero(complete & (series != self._series_before(rows, known, step, series)))
        found = self._affordable(found, rows.positions[step.places])
        return Completed(chosen[step.places[events]], chosen[step.places[found]], step.chains(found))

    def _series_before(self, rows: Rows, known: Longs, step: Step, series: Longs) -> Longs:
        """For each event of the last step the series of the one before it; the last ones are remembered."""
        keys = rows.keys[step.places]
        first = begins(keys)
        previous = np.append(_NEW_SERIES, series[:-1])
        previous[first] = self._series[known[keys[first]]]
        last = np.append(first[1:], True)
        self._series[known[keys[last]]] = series[last]
        return previous

    def _affordable(self, found: Longs, positions: Longs) -> Longs:
        """Findings that may still be written, the earliest of the stream."""
        order = found[np.argsort(positions[found])]
        written = order[: self._findings_left]
        self._findings_left -= len(written)
        self.withheld += len(found) - len(written)
        return written


def _longs(*shape: int) -> Longs:
    return np.zeros(shape or 0, np.int64)


def _split(entries: Entries | None, known: Longs) -> tuple[Entries | None, Entries | None]:
    """The entries of the keys that take part, by their small numbers, and those of all others."""
    if entries is None:
        return None, None
    place = np.searchsorted(known, entries.keys)
    inside = known.take(place, mode="clip") == entries.keys
    own = Entries(place[inside], entries.values[inside], entries.positions[inside], entries.heads[inside])
    rest = ~inside
    return own, Entries(entries.keys[rest], entries.values[rest], entries.positions[rest], entries.heads[rest])


def _merged(others: Entries, own: Entries, known: Longs) -> Entries:
    return Entries(
        np.concatenate([others.keys, known[own.keys]]),
        np.concatenate([others.values, own.values]),
        np.concatenate([others.positions, own.positions]),
        np.concatenate([others.heads, own.heads]),
    )


def _renumbered(entries: Entries, kept: Longs) -> Entries:
    """The entries of the keys that stay, by their new numbers."""
    own, _ = _split(entries, kept)
    if own is None:
        raise AssertionError("entries are there")
    return own
