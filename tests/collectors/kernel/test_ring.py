"""The ring against a queue: a memory file laid out as the kernel lays out a ring buffer.

The kernel maps the data pages twice in a row; a file cannot, so the producer here writes
every record into both halves. That the kernel does what the fake assumes is tested with a real ring.
"""

from __future__ import annotations

import mmap
import os
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.kernel.records import STRIDE
from collectors.kernel.ring import PAGE, Ring

BUSY = 1 << 31
SIZE = PAGE
ROOM = SIZE // STRIDE


class Producer:
    """The kernel's side."""

    def __init__(self, size: int = SIZE, start: int = 0) -> None:
        self.size = size
        self.fd = os.memfd_create("ring")
        os.ftruncate(self.fd, 2 * PAGE + 2 * size)
        self._memory = mmap.mmap(self.fd, 2 * PAGE + 2 * size)
        self.consumer = np.frombuffer(self._memory, np.uint64, 1)
        self.position = np.frombuffer(self._memory, np.uint64, 1, offset=PAGE)
        self._data = np.frombuffer(self._memory, np.uint8, 2 * size, offset=2 * PAGE)
        self.consumer[0] = self.position[0] = start

    def reserve(self, payload: int) -> int:
        """A record that is still being written; its position."""
        at = int(self.position[0])
        row = np.zeros(STRIDE, np.uint8)
        row[:4] = np.frombuffer(np.uint32(STRIDE - 8 | BUSY).tobytes(), np.uint8)
        row[8:16] = np.frombuffer(np.uint64(payload).tobytes(), np.uint8)
        self._write(at, row)
        self.position[0] = at + STRIDE
        return at

    def submit(self, at: int) -> None:
        """The record at a position is finished."""
        self._write(at, np.frombuffer(np.uint32(STRIDE - 8).tobytes(), np.uint8))

    def put(self, payload: int) -> None:
        self.submit(self.reserve(payload))

    def _write(self, at: int, values: np.ndarray) -> None:
        for half in (0, self.size):
            begin = at % self.size + half
            self._data[begin : begin + len(values)] = values


def payloads(raw: np.ndarray) -> list[int]:
    assert raw.dtype == np.uint8
    assert raw.shape[1:] == (STRIDE,)
    return raw.view(np.uint64)[:, 1].tolist()


@pytest.fixture
def pair():
    producer = Producer()
    ring = Ring(producer.fd, SIZE)
    yield producer, ring
    ring.close()


def test_nothing_waits_in_an_empty_ring(pair):
    _, ring = pair
    assert ring.waiting() == 0
    assert payloads(ring.drain()) == []


def test_a_full_ring_comes_out_in_order(pair):
    producer, ring = pair
    for n in range(ROOM):
        producer.put(n)
    assert ring.waiting() == ROOM
    assert payloads(ring.drain()) == list(range(ROOM))
    assert ring.waiting() == 0
    assert producer.consumer[0] == producer.position[0]


def test_a_busy_record_holds_back_what_came_after_it(pair):
    producer, ring = pair
    producer.put(1)
    late = producer.reserve(2)
    producer.put(3)
    assert payloads(ring.drain()) == [1]
    assert payloads(ring.drain()) == []
    assert ring.waiting() == 2
    end = ring.end
    assert not ring.has_passed(end)
    producer.submit(late)
    assert payloads(ring.drain()) == [2, 3]
    assert ring.has_passed(end)
    producer.put(4)
    assert ring.has_passed(end)
    assert not ring.has_passed(ring.end)
    assert payloads(ring.drain()) == [4]


def test_what_was_drained_is_a_copy_until_the_next_drain(pair):
    producer, ring = pair
    producer.put(1)
    taken = ring.drain()
    for n in range(ROOM):  # all of the ring is written over
        producer.put(100 + n)
    assert payloads(taken) == [1]


def test_room_bounds_one_drain_and_loses_nothing():
    producer = Producer()
    ring = Ring(producer.fd, SIZE, room=5)
    for n in range(12):
        producer.put(n)
    assert [payloads(ring.drain()) for _ in range(4)] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11], []]
    ring.close()


def test_arrays_are_gone_after_close_and_close_is_safe_twice(pair):
    producer, ring = pair
    producer.put(1)
    ring.close()
    assert ring.waiting() == 0
    assert payloads(ring.drain()) == []
    ring.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 9)),
        st.tuples(st.just("reserve"), st.just(1)),
        st.tuples(st.just("submit"), st.integers(0, 8)),
        st.tuples(st.just("drain"), st.just(0)),
    ),
    max_size=60,
)


@given(steps, st.integers(0, 3 * ROOM), st.integers(1, 2 * ROOM))
@settings(deadline=None, max_examples=60)
def test_ring_equals_a_queue_around_every_end(script, start, room):
    producer = Producer(start=start * STRIDE)
    ring = Ring(producer.fd, SIZE, room=room)
    queue: deque[list] = deque()  # [payload, finished, position]
    number = 0
    for what, count in script:
        if what in ("put", "reserve"):
            for _ in range(min(count, ROOM - len(queue))):
                number += 1
                at = producer.reserve(number)
                queue.append([number, what == "put", at])
                if what == "put":
                    producer.submit(at)
        elif what == "submit":
            busy = [entry for entry in queue if not entry[1]]
            if busy:
                entry = busy[count % len(busy)]
                producer.submit(entry[2])
                entry[1] = True
        else:
            expected = []
            while queue and queue[0][1] and len(expected) < room:
                expected.append(queue.popleft()[0])
            assert payloads(ring.drain()) == expected
        assert ring.waiting() == len(queue)
    ring.close()
    os.close(producer.fd)


@pytest.mark.kernel
def test_the_kernel_maps_the_data_twice(sensor, observe):
    """What the fake above imitates: both halves of the mapping are the same memory."""
    table, _ = observe("true")
    assert table.num_rows
    ring = sensor._rings["strings"]
    first, second = np.split(ring._records, 2)
    assert first.any()
    assert np.array_equal(first, second)


def test_the_ring_at_its_fullest_is_told_once():
    producer = Producer()
    ring = Ring(producer.fd, SIZE)
    assert ring.take_peak() == 0
    for count in (3, ROOM // 2, 1):
        for payload in range(count):
            producer.put(payload)
        ring.drain()
    assert ring.take_peak() == (ROOM // 2) / ROOM
    assert ring.take_peak() == 0
    ring.close()
