from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.etw.records import DELIVERED, delivered, headers, walk
from tests.etl_writer import DNS, FIRST, PROCESS, command, event, extension, opened, system
from tests.etw_events import events


def read(data: bytes):
    buffer = np.frombuffer(data, np.uint8)
    found = walk(buffer)
    return found, headers(buffer, found)


def plain_walk(data: bytes) -> list[int]:
    """The same places, one record after the other."""
    at, places = 0, []
    heads = {
        0x12: (80, 0),
        0x13: (80, 0),
        1: (32, 4),
        2: (32, 4),
        3: (24, 4),
        4: (24, 4),
        0x10: (16, 4),
        0x11: (16, 4),
        0x0A: (48, 0),
        0x14: (48, 0),
    }
    while at + 8 <= len(data) // 8 * 8:
        least, size_at = heads.get(data[at + 2], (8, 0))
        size = struct.unpack_from("<H", data, at + size_at)[0]
        if not data[at + 3] & 0x80 or not data[at + 2] or size < least or size == 0xFFFF or at + size > len(data):
            break
        places.append(at)
        at += (size + 7) // 8 * 8
    return places


@pytest.mark.parametrize("count", [0, 1, 2, 3, 63, 64, 65, 500])
def test_every_record_is_found_whatever_their_number(count):
    found, records = read(b"".join(event(PROCESS, 1, 0, b"x" * (n % 23), n) for n in range(count)) + b"\xff" * 64)
    assert records["time"].tolist() == [FIRST + n for n in range(count)]
    assert (records["end"] - records["start"]).tolist() == [n % 23 for n in range(count)]
    assert found.stopped == (records["end"].max() + 7) // 8 * 8 if count else found.stopped == 0


@settings(max_examples=200)
@given(st.lists(st.one_of(st.binary(min_size=0, max_size=40), st.integers(0, 60)), max_size=20), st.integers(0, 255))
def test_walk_agrees_with_a_walk_one_by_one(pieces, damage):
    data = bytearray(b"".join(event(PROCESS, 1, 0, bytes(p), 1) if isinstance(p, int) else p for p in pieces))
    if data:
        data[damage % len(data)] ^= 1 << damage % 8
    found, _ = read(bytes(data))
    assert found.places.tolist() == plain_walk(bytes(data))


def test_a_header_says_who_when_and_what():
    _, records = read(event(PROCESS, 300, 7, b"abc", 5, pid=0xFFFFFFFF, tid=12, pointer=4))
    (one,) = records
    assert (one["id"], one["version"], one["pid"], one["tid"], one["pointer"], one["classic"]) == (300, 7, -1, 12, 4, 0)
    assert one["guid"].tobytes() == __import__("uuid").UUID(PROCESS).bytes_le


def test_extended_data_is_stepped_over_and_the_start_key_taken():
    items = (
        extension(2, b"a sid of thirteen", more=True)
        + extension(0x10, struct.pack("<Q", 77 << 48 | 5), more=True)
        + extension(3, b"1234")
    )
    _, records = read(event(PROCESS, 1, 0, b"payload", 1, extended=items) + event(PROCESS, 1, 0, b"bare", 2))
    lengths = (records["end"] - records["start"]).tolist()
    assert lengths == [7, 4]
    assert records["start_key"].tolist() == [77 << 48 | 5, 0]


def test_extended_data_without_an_end_does_not_run_on():
    endless = struct.pack("<HHHH", 8, 0, 1, 0) * 3
    _, records = read(event(PROCESS, 1, 0, b"", 1, extended=endless))
    assert records["start"][0] <= records["end"][0]


def test_the_kernels_groups_become_providers():
    _, records = read(system(0x03, 1, 4, b"x", 1) + system(0xEE, 9, 1, b"x", 2))
    assert records["classic"].tolist() == [1, 1]
    assert records["guid"][0].tobytes().hex().startswith("d0a86f3d05fed011")
    assert records["guid"][1][1] == 0


def test_delivered_records_are_described_as_recorded_ones_are():
    written = [
        opened(1, "C:\\a", 10, pid=7),
        command(9, 8, "a.exe", "a b", 20),
        event(DNS, 3008, 1, b"", 30, pointer=4),
    ]
    data = np.frombuffer(b"".join(written), np.uint8)
    recorded = headers(data, walk(data))
    made = events(data, recorded, recorded["time"])
    found = delivered(np.frombuffer(b"".join(one.bytes for one in made), DELIVERED), np.array([0, 5, 0], np.uint64))
    for name in ("time", "guid", "id", "version", "classic", "pointer", "pid", "tid"):
        assert (found[name] == recorded[name]).all(), name
    assert found["start_key"].tolist() == [0, 5, 0]
    assert (found["end"] - found["start"]).tolist() == (recorded["end"] - recorded["start"]).tolist()
    assert found["start"].tolist() == [0, *found["end"][:-1].tolist()]
    assert DELIVERED.itemsize == 112  # sizeof(EVENT_RECORD) of mingw-w64's evntcons.h
