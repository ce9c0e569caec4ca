"""Memory is used again only when nobody holds what lay in it."""

from __future__ import annotations

import gc

import pytest

from pipeline.export.formats import memory

SIZE = 2 << 20


@pytest.fixture(autouse=True)
def nothing_spare():
    memory._spare.clear()
    yield
    memory._spare.clear()


def made(size, fill):
    data, buffer = memory.block(size)
    data[:] = fill
    return buffer


def test_block_is_used_again_when_its_buffer_is_gone():
    first = made(SIZE, 1)
    address = first.address
    del first
    gc.collect()
    assert made(SIZE, 2).address == address


def test_block_that_is_held_stays_what_it_is():
    first = made(SIZE, 1)
    part = first.slice(10, 20)
    del first
    gc.collect()
    second = made(SIZE, 2)
    assert part.to_pybytes() == b"\x01" * 20
    assert second.size == SIZE
    assert set(second.to_pybytes()) == {2}


def test_small_and_giant_blocks_are_not_kept(monkeypatch):
    monkeypatch.setattr(memory, "_MOST", SIZE)
    for size in (0, 100, SIZE + 1):
        assert made(size, 1).size == size
    gc.collect()
    assert not memory._spare


def test_little_text_does_not_hold_a_large_block():
    del (large := [made(8 * SIZE, 1)])[:]
    gc.collect()
    assert len(memory._spare[0]) >= 8 * SIZE
    small = made(SIZE, 2)
    assert not large
    assert small.size == SIZE
    del small
    gc.collect()
    assert len(memory._spare[0]) < 2 * SIZE
