from __future__ import annotations

import ctypes
import struct
import threading

import numpy as np
import pytest

from collectors.etw.inbox import NOTHING, Inbox, Taken, compact, parted, together
from collectors.etw.records import DELIVERED, headers, walk
from tests import etl_writer as w
from tests.etw_events import events


@pytest.fixture
def written():
    """Function: events of written records; the second, of a process with a start key."""

    def made(*ticks):
        records = [w.opened(n, f"C:\\file{n}", tick, pid=1000 + n) for n, tick in enumerate(ticks)]
        data = np.frombuffer(b"".join(records), np.uint8)
        found = headers(data, walk(data))
        found["start_key"][1:2] = 77
        return events(data, found, found["time"] - w.FIRST + w.START), data, found

    return made


def test_what_is_taken_is_what_was_delivered(written):
    made, data, records = written(10, 20, 30)
    inbox = Inbox()
    for event in made:
        inbox.put((0, event.pointer))
    assert len(inbox) == 3
    taken = inbox.take()
    assert len(inbox) == 0
    assert taken.records["time"].tolist() == [w.START + tick for tick in (10, 20, 30)]
    assert taken.records["pid"].tolist() == [1000, 1001, 1002]
    assert taken.records["start_key"].tolist() == [0, 77, 0]
    assert (taken.records["id"] == 12).all()
    for mine, theirs in zip(taken.records, records, strict=True):
        assert taken.data[mine["start"] : mine["end"]].tobytes() == data[theirs["start"] : theirs["end"]].tobytes()
    assert inbox.take() is NOTHING


def test_copies_hold_when_the_runtime_has_used_its_memory_again(written):
    (event, *_), _, _ = written(10, 20)
    inbox = Inbox()
    inbox.put((0, event.pointer))
    ctypes.memset(event.address, 0xEE, DELIVERED.itemsize)
    assert inbox.take().records["pid"].tolist() == [1000]


def test_beyond_its_room_it_drops_and_counts(written):
    made, *_ = written(10, 20, 30)
    inbox = Inbox(most_records=2)
    for event in made:
        inbox.put((0, event.pointer))
    assert (len(inbox), inbox.dropped, inbox.take_fill()) == (2, 1, 1.0)
    inbox.take()
    inbox.put((0, made[2].pointer))
    assert (len(inbox), inbox.dropped) == (1, 1)
    assert inbox.take_fill() == 1.0  # at most since the last call
    assert inbox.take_fill() == 0.5


def test_bytes_are_bounded_too_and_free_again_once_taken(written):
    made, _, records = written(10, 20)
    size = int((records["end"] - records["start"])[0])
    inbox = Inbox(most_bytes=size)
    for _ in range(3):
        for event in made:
            inbox.put((0, event.pointer))
        assert len(inbox.take()) == 1
    assert inbox.dropped == 3


def test_a_start_key_is_found_behind_other_extensions():
    key = ctypes.create_string_buffer(struct.pack("<Q", 5))
    items = struct.pack("<HHHHQHHHHQ", 0, 1, 1, 20, 0, 0, 0x10, 0, 8, ctypes.addressof(key))
    place = ctypes.create_string_buffer(items)
    record = np.zeros(1, DELIVERED)
    record["extensions"], record["extended"] = 2, ctypes.addressof(place)
    raw = ctypes.create_string_buffer(record.tobytes())
    inbox = Inbox()
    inbox.put((0, ctypes.c_void_p(ctypes.addressof(raw))))
    assert inbox.take().records["start_key"].tolist() == [5]
    record["extensions"] = 1
    raw = ctypes.create_string_buffer(record.tobytes())
    inbox.put((0, ctypes.c_void_p(ctypes.addressof(raw))))
    assert inbox.take().records["start_key"].tolist() == [0]


def test_nothing_is_lost_or_torn_while_it_is_filled_and_emptied(written):
    made, *_ = written(*range(200))
    inbox = Inbox()

    def fill():
        for event in made * 50:
            inbox.put((0, event.pointer))

    filler = threading.Thread(target=fill)
    filler.start()
    pids, names = [], []
    while filler.is_alive() or len(inbox):
        taken = inbox.take()
        pids += taken.records["pid"].tolist()
        names += [taken.data[r["start"] : r["end"]].tobytes()[32:].decode("utf-16-le") for r in taken.records]
    assert pids == [1000 + n for n in range(200)] * 50
    assert names == [f"C:\\file{n}\0" for n in range(200)] * 50


def test_parts_come_together_by_time_and_apart_again(written):
    def taken(*ticks):
        made, *_ = written(*ticks)
        inbox = Inbox()
        for event in made:
            inbox.put((0, event.pointer))
        return inbox.take()

    def told(part: Taken):
        return [(int(r["time"]) - w.START, part.data[r["start"] : r["end"]].tobytes()[32:]) for r in part.records]

    both = together([taken(10, 30, 50), NOTHING, taken(20, 30)])
    assert [tick for tick, _ in told(both)] == [10, 20, 30, 30, 50]
    first, rest = parted(both, w.START + 30)
    assert told(first) + told(rest) == told(both)
    assert [tick for tick, _ in told(rest)] == [50]
    assert len(rest.data) < len(both.data)
    assert parted(both, 0)[0].records.size == 0
    assert parted(both, 2**63 - 1)[1] is NOTHING
    assert compact(NOTHING) is NOTHING
    assert together([]) is NOTHING


def test_an_event_without_payload_is_an_event():
    record = np.zeros(1, DELIVERED)
    raw = ctypes.create_string_buffer(record.tobytes())
    inbox = Inbox()
    inbox.put((0, ctypes.c_void_p(ctypes.addressof(raw))))
    taken = inbox.take()
    assert len(taken) == 1
    assert len(taken.data) == 0
