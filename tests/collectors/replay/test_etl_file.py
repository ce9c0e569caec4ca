from __future__ import annotations

import numpy as np
import pytest

from collectors.replay.etl_file import FileHeader, body, cut_short, file_header, filetimes, sorted_by, survey
from tests import etl_writer as w


def array(data: bytes):
    return np.frombuffer(data, np.uint8)


WHOLE = w.trace([w.opened(1, "a", 1)], [w.opened(2, "b", 2)], [w.opened(3, "c", 3)])


def test_all_buffers_are_found():
    found = survey(array(WHOLE))
    assert [(b.offset, b.sequence) for b in found.buffers] == [(0, 1), (65536, 2), (131072, 3)]
    assert (found.problems, found.missing) == ([], 0)


def test_a_damaged_head_costs_its_buffer_and_is_told_by_its_place():
    data = bytearray(WHOLE)
    data[65536:65540] = b"\xff" * 4
    found = survey(array(bytes(data)))
    assert [b.offset for b in found.buffers] == [0, 131072]
    assert [(p.offset, "65536 bytes are skipped" in p.text) for p in found.problems] == [(65536, True)]
    assert found.missing == 1


@pytest.mark.parametrize("cut", [131072 + 10, 131072 + 72, 131072 + 5000])
def test_a_cut_is_told(cut):
    found = survey(array(WHOLE[:cut]))
    assert [p.offset for p in found.problems] == [131072]


def test_bytes_in_between_are_skipped():
    found = survey(array(WHOLE[:65536] + b"junk" * 25 + b"\0" * 4 + WHOLE[65536:]))
    assert [b.offset for b in found.buffers] == [0, 65640, 131176]
    assert found.problems[0].offset == 65536


def test_what_is_no_trace_has_no_buffers():
    assert survey(array(b"PK\3\4" * 5000)).buffers == []
    assert survey(array(b"short")).buffers == []


def test_a_compressed_buffer_that_is_damaged_gives_what_came_before():
    good = w.opened(1, "a", 1) * 4
    packed = b"".join(bytes(4) + good[n : n + 32] for n in range(0, len(good), 32)) + b"\xff\xff\xff\xff\xf8\xff"
    (buffer,) = survey(array(w.packed(packed, 1, flags=0x40))).buffers
    data, problem = body(array(w.packed(packed, 1, flags=0x40)), buffer)
    assert data.tobytes().startswith(good)
    assert problem.offset == 0


def test_the_header_of_a_file():
    record = w.file_header(lost=7, buffers=3)
    header = file_header(record[32:], w.FIRST)
    assert (header.events_lost, header.buffers_written, header.frequency, header.start_time, header.first_stamp) == (
        7,
        3,
        10**7,
        w.START,
        w.FIRST,
    )
    assert file_header(record[32:100], 0) is None


def test_stamps_of_every_clock_become_filetimes_also_after_years():
    years = 10 * 365 * 86400
    stamps = np.array([100, 100 + 3_000_000_001, 100 + 2_337_949 * years])
    qpc = filetimes(FileHeader(clock=1, frequency=2_337_949, start_time=w.START, first_stamp=100), stamps)
    assert qpc.tolist() == [w.START, w.START + 3_000_000_001 * 10**7 // 2_337_949, w.START + years * 10**7]
    assert filetimes(FileHeader(clock=2), stamps).tolist() == stamps.tolist()
    cycles = filetimes(FileHeader(clock=3, cpu_mhz=2000, start_time=w.START, first_stamp=100), stamps)
    assert cycles[1] == w.START + 3_000_000_001 // 200
    assert filetimes(FileHeader(clock=1, frequency=0, start_time=5), stamps).tolist() == [5, 5, 5]


def test_buffers_by_their_first_record():
    buffers = survey(array(WHOLE)).buffers
    assert [b.sequence for _, b in sorted_by([5, 1, 5], buffers)] == [2, 1, 3]


@pytest.mark.parametrize(
    ("written", "circular", "there", "cut"),
    [(3, False, 3, False), (3, False, 2, True), (0, False, 2, False), (2, False, 3, False), (9, True, 3, False)],
)
def test_a_file_is_cut_where_its_header_counts_more_buffers(written, circular, there, cut):
    """One that was not closed counts none, a circular one was written over."""
    assert (cut_short(FileHeader(buffers_written=written, circular=circular), there, 99) is not None) is cut


def test_the_mode_of_the_file_is_that_of_evntrace_h():
    payload = bytearray(w.file_header()[32:])
    assert not file_header(bytes(payload), 0).circular
    payload[32] = 2
    assert file_header(bytes(payload), 0).circular
