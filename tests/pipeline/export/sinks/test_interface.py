"""Batches: cuts, positions, and payloads that no line can carry."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export.sinks.interface import Batch, again, halves
from tests.receivers.events import batch


def test_arrays_that_do_not_fit_are_refused():
    good = batch(2)
    with pytest.raises(ValueError, match="different lengths"):
        Batch.of("activity", good.payloads, good.ids.slice(1), good.times, good.severities, good.hosts, json=True)
    with pytest.raises(ValueError, match="NULL"):
        Batch.of("activity", pa.array(["a", None]), good.ids, good.times, good.severities, good.hosts, json=True)


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 10), st.integers(1, 120), st.integers(0, 5))
def test_cuts_cover_everything_within_the_limits(lengths, events, size, overhead):
    made = batch(payloads=["x" * n for n in lengths] or None, count=0) if lengths else batch(0)
    cuts = made.cuts(events, size, overhead)
    assert [i for start, length in cuts for i in range(start, start + length)] == list(range(len(lengths)))
    for start, length in cuts:
        assert 1 <= length <= events
        assert length == 1 or sum(n + overhead for n in lengths[start : start + length]) <= size


@settings(deadline=None)
@given(st.lists(st.text(alphabet="a\n\r\0\t\x1f é\u2028", max_size=6), min_size=1, max_size=12), st.integers(0, 3))
def test_broken_payloads_are_found_wherever_they_stand(texts, start):
    made = batch(payloads=["x", "y", "z", *texts]).slice(start, len(texts) + 3 - start)
    expected = [i for i, p in enumerate(made.payloads.to_pylist()) if set(p) & set(b"\n\r\0")]
    assert made.broken().tolist() == expected


def test_parts_keep_what_belongs_together():
    made = batch(6)
    for part, wanted in ((made.take(np.array([4, 1])), [4, 1]), (made.slice(2, 2), [2, 3])):
        assert part.ids.to_pylist() == [f"boot/ebpf/{n}" for n in wanted]
        assert [p.decode()[6] for p in part.payloads.to_pylist()] == [str(n) for n in wanted]
        assert part.nbytes == sum(len(p) for p in part.payloads.to_pylist())
    assert len(batch(0)) == batch(0).nbytes == 0
    assert batch(0).broken().tolist() == []


def test_outcomes_of_the_whole():
    assert list(again(batch(3), "why", 2.0).retry) == [0, 1, 2]
    assert halves(batch(3), "why").split
