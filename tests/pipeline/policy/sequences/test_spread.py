"""The fixpoint against relaxing edge after edge until nothing moves, and against its own second way."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.sequences import spread as module
from pipeline.policy.sequences.spread import NEVER, Edges, spread

NODE = st.integers(0, 7)
EDGE = st.tuples(
    NODE, NODE, st.integers(0, 20), st.sampled_from([-1, 0]), st.one_of(st.integers(0, 22), st.just(NEVER))
)
GRAPH = st.tuples(
    st.lists(EDGE, max_size=30), st.lists(st.one_of(st.just(NEVER), st.integers(-1, 20)), min_size=8, max_size=8)
)


def edges_of(edges):
    return Edges(*(np.array(column, np.int64) for column in (zip(*edges, strict=True) if edges else [[]] * 5)))


def relaxed(earliest, edges):
    best, moved = list(earliest), True
    while moved:
        moved = False
        for source, target, row, since, until in edges:
            if since <= best[source] < until and max(best[source], row) < best[target]:
                best[target], moved = max(best[source], row), True
    return best


@given(GRAPH)
def test_spread_is_what_relaxing_gives(graph):
    edges, earliest = graph
    assert spread(np.array(earliest), edges_of(edges)).tolist() == relaxed(earliest, edges)


@given(GRAPH)
def test_walking_gives_the_same_from_the_start(graph):
    edges, earliest = graph
    assert module._walked(np.array(earliest), edges_of(edges)).tolist() == relaxed(earliest, edges)


def test_chain_longer_than_the_rounds_is_walked():
    length = 10 * module.ROUNDS
    edges = edges_of([(i, i + 1, i, -1, NEVER) for i in range(length)])
    found = spread(np.array([0] + [NEVER] * length), edges)
    assert found.tolist() == [0, *range(length)]
