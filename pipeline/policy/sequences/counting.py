"""Counts and running maxima within groups, by array operations alone.

A step with ``count: n`` is a shift register: what was true of the event n - 1 places before is true
of the chain that ends here. Rows stand sorted by group, within a group in the order of the stream.
"""

from __future__ import annotations

import numpy as np

from pipeline.policy.sequences.plan import NONE, Codes, Flags, Longs

_ROOM = 1 << 62


def distinct(values: Longs) -> Longs:
    """The distinct values, sorted; ``np.unique`` hashes them first, which takes several times as long."""
    ordered = np.sort(values)
    found: Longs = ordered[begins(ordered)]
    return found


def among(values: Longs, ordered: Longs) -> Flags:
    """Which values are among sorted ones."""
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    found: Flags = ordered.take(np.searchsorted(ordered, values), mode="clip") == values
    return found


def begins(groups: Codes) -> Flags:
    """Which rows are the first of their group."""
    first = np.ones(len(groups), np.bool_)
    np.not_equal(groups[1:], groups[:-1], out=first[1:])
    return first


def first_rows(first: Flags) -> Longs:
    """For each row the first row of its group."""
    return np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))


def running_max(values: Longs, first: Flags) -> tuple[Longs, Longs]:
    """Largest value so far in each group, and the row that has it; of equal ones the earliest."""
    rows = np.arange(len(values))
    if not len(values):
        return values, rows
    lifted = _lifted(values, np.cumsum(first) - 1)
    highest = np.maximum.accumulate(lifted)
    rises = first.copy()
    rises[1:] |= lifted[1:] > highest[:-1]
    where = np.maximum.accumulate(np.where(rises, rows, 0))
    return values[where], where


def _lifted(values: Longs, groups: Longs) -> Longs:
    """The values in an order in which every later group lies above all earlier ones."""
    known = values[values != NONE]
    if not len(known):
        return groups
    low = int(known.min())
    span = int(known.max()) - low + 2
    if span * (int(groups[-1]) + 1) < _ROOM:
        return np.where(values == NONE, 0, values - (low - 1)) + groups * span
    several, ranks = np.unique(values, return_inverse=True)
    lifted: Longs = ranks + groups * len(several)
    return lifted


def earlier(first: Flags, places: int) -> Longs:
    """For each row the one so many places before it in its group, -1 where there is none."""
    back = np.arange(len(first)) - places
    return np.where(back >= first_rows(first), back, -1)


def latest(groups: Codes, most: int) -> Flags:
    """Which rows are among the last ``most`` of their group."""
    if not len(groups):
        return np.zeros(0, np.bool_)
    ends = np.append(np.flatnonzero(begins(groups))[1:], len(groups))
    left = np.repeat(ends, np.diff(ends, prepend=0)) - np.arange(len(groups))
    kept: Flags = left <= most
    return kept


def following(groups: Codes, rows: Longs, places: int, nothing: int) -> Longs:
    """For each row what ``rows`` holds so many places after it in its group, ``nothing`` where there is none."""
    found = np.full(len(groups), nothing, np.int64)
    if len(groups) > places:
        same = groups[places:] == groups[:-places]
        found[:-places][same] = rows[places:][same]
    return found
