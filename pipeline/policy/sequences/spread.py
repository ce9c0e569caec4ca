"""How far a label gets along the edges of a batch: the earliest row at which each process and file bears it.

A fixpoint over all edges at once, since a Python loop over events would be the slowest part of the
pipeline. A chain as long as the batch (each process reads what the one before it wrote) would need as many rounds as
it has links; past ``ROUNDS`` the rest is walked edge by edge, in the order of time.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from pipeline.policy.sequences.plan import Longs

NEVER = int(np.iinfo(np.int64).max)
ROUNDS = 24


@dataclass(frozen=True)
class Edges:
    """From ``row`` on, ``target`` bears what ``source`` bears, if that began at row ``since`` or later and before ``until``."""

    source: Longs
    target: Longs
    row: Longs
    since: Longs
    until: Longs


def spread(earliest: Longs, edges: Edges) -> Longs:
    """Earliest row of each node, from the rows at which some bear the label by themselves (``NEVER``: they do not)."""
    for _ in range(ROUNDS):
        reached = _one_round(earliest, edges)
        if np.array_equal(reached, earliest):
            return reached
        earliest = reached
    return _walked(earliest, edges)


def _one_round(earliest: Longs, edges: Edges) -> Longs:
    begun = earliest[edges.source]
    passing = (begun >= edges.since) & (begun < edges.until)
    reached = earliest.copy()
    np.minimum.at(reached, edges.target[passing], np.maximum(begun, edges.row)[passing])
    return reached


def _walked(earliest: Longs, edges: Edges) -> Longs:
    """Node by node in the order of time; each edge is looked at once."""
    order = np.argsort(edges.source, kind="stable")
    borders = np.searchsorted(edges.source[order], np.arange(len(earliest) + 1)).tolist()
    target, row, since, until = (a[order].tolist() for a in (edges.target, edges.row, edges.since, edges.until))
    best = earliest.tolist()
    heap = [(begun, node) for node, begun in enumerate(best) if begun != NEVER]
    heapq.heapify(heap)
    while heap:
        begun, node = heapq.heappop(heap)
        if begun > best[node]:
            continue
        for e in range(borders[node], borders[node + 1]):
            reached = max(begun, row[e])
            if since[e] <= begun < until[e] and reached < best[target[e]]:
                best[target[e]] = reached
                heapq.heappush(heap, (reached, target[e]))
    return np.array(best, np.int64)
