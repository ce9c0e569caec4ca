from __future__ import annotations

import struct

from collectors.etw.decode import Tally
from tests.etl_writer import FILE, LOST, PROCESS, event, file_header, opened, started, wide


def test_every_record_is_in_exactly_one_count(parts):
    tally = Tally()
    short = event(PROCESS, 1, 3, b"\1\2", 5)
    parts(
        [
            file_header(),
            started(1, 2, "x", 1),
            event(PROCESS, 777, 0, b"", 2),
            event(PROCESS, 1, 99, b"", 3),
            short,
            event(LOST, 0, 0, b"", 6, opcode=32, classic=True),
        ],
        tally,
    )
    assert (tally.decoded, tally.own, tally.malformed.total(), tally.lost_events, tally.records) == (1, 2, 1, 1, 6)
    name = "Microsoft-Windows-Kernel-Process"
    assert dict(tally.unknown) == {(name, 777, 0): 1, (name, 1, 99): 1}
    assert tally.first_malformed == {(name, 1, 3): len(file_header() + started(1, 2, "x", 1)) + 160}


def test_pointer_sizes_are_told_apart_in_one_chunk(parts):
    narrow = event(FILE, 12, 1, struct.pack("<IIIIII", 7, 5, 101, 0x1000000, 0, 7) + wide("narrow"), 2, pointer=4)
    tally = Tally()
    parts([opened(5, "wide", 1), narrow], tally)
    assert tally.decoded == 2
