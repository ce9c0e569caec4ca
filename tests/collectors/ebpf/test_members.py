"""Turned records against the structured array that they were turned from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.ebpf import members
from collectors.ebpf.members import Members
from collectors.ebpf.records import EVENT, STRIDE

TURNED = [name for name in EVENT.names if name in members._PLACES]
BY_ROW = sorted(set(EVENT.names) - set(TURNED))


def noise(rows, seed):
    return np.random.default_rng(seed).integers(0, 256, (rows, STRIDE), np.uint8)


@given(st.integers(0, 40), st.integers(0, 2**32), st.booleans(), st.integers(1, 9))
@settings(deadline=None, max_examples=40)
def test_each_member_equals_that_of_the_structured_array(rows, seed, reordered, block):
    raw = noise(rows, seed)
    order = np.random.default_rng(seed + 1).permutation(rows) if reordered else None
    plain = raw.reshape(-1).view(EVENT)
    plain = plain if order is None else plain[order]
    kept, members._BLOCK = members._BLOCK, block
    try:
        turned = Members(raw, order)
    finally:
        members._BLOCK = kept
    assert len(turned) == rows
    for name in TURNED:
        assert turned[name].dtype == plain[name].dtype
        assert np.array_equal(turned[name], plain[name])
    some = np.flatnonzero(np.arange(rows) % 3 == 0)
    assert turned[some].tobytes() == plain[some].tobytes()
    assert turned[some].dtype == EVENT


def test_more_rows_than_a_block():
    raw = noise(2 * members._BLOCK + 7, 1)
    assert np.array_equal(Members(raw)["seq"], raw.reshape(-1).view(EVENT)["seq"])


def test_only_addresses_and_what_stands_behind_them_are_read_off_whole_records():
    assert BY_ROW == ["net.dst", "net.dst_port", "net.src", "net.src_port"]
    for name in BY_ROW:
        with pytest.raises(KeyError):
            Members(noise(1, 0))[name]


def test_writing_to_a_column_leaves_the_records_alone():
    raw = noise(3, 2)
    before = raw.copy()
    Members(raw)["seq"][:] = 0
    assert np.array_equal(raw, before)
