from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.lake import frames
from pipeline.lake.rows import tidy

HEADER = {"host": "vm", "created_ns": 1, "writer": "w", "number": 1}


def log(*parts):
    """Bytes of a log with a header and one frame per (table, rows)."""
    buffers, chain = frames.encode_header(HEADER)
    for table, part in parts:
        more, chain = frames.encode(table, part, chain)
        buffers += more
    return b"".join(map(bytes, buffers))


def pieces(data):
    """Where each frame of an undamaged log begins, and the end."""
    places, position = [0], 0
    while position < len(data):
        length = frames._HEAD.unpack_from(data, position)[3]
        position += frames.HEAD_BYTES + length
        places.append(position)
    return places


def scan(data):
    return frames.scan(pa.py_buffer(data), verify_chain=True)


def sequences(result):
    return [s for f in result.frames for s in f.read()["seq"].to_pylist()]


@pytest.fixture
def data(rows):
    return log(*(("activity", rows(4, first)) for first in (0, 4, 8, 12)))


def test_every_table_has_a_number_of_its_own():
    assert set(frames.TABLE_IDS) == set(schema.TABLES)
    assert len(set(frames.TABLE_IDS.values())) == len(schema.TABLES)
    assert frames.HEADER_ID not in frames.TABLE_IDS.values()


@given(st.lists(st.tuples(st.sampled_from(sorted(schema.TABLES)), st.integers(0, 5)), max_size=6))
def test_what_goes_in_comes_out(parts):
    data = log(*((t, pa.table({"host": pa.array(["h"] * n, pa.string())})) for t, n in parts))
    result = scan(data)
    assert result.header == HEADER
    assert [(f.table, f.rows, f.read().num_rows) for f in result.frames] == [(t, n, n) for t, n in parts]
    assert result.damages == []


def test_payloads_are_aligned(data):
    assert all(place % 8 == 0 for place in pieces(data))


def test_a_cut_at_every_byte_of_the_last_frame_gives_the_exact_prefix(data):
    start = pieces(data)[-2]
    for end in range(start + 1, len(data)):
        result = scan(data[:end])
        assert sequences(result) == list(range(12)), end
        [damage] = result.damages
        assert (damage.torn, damage.offset, damage.length) == (True, start, end - start)
    assert scan(data[:start]).damages == []


def test_zeros_at_the_end_are_a_torn_end(data):
    result = scan(data + bytes(4096))
    assert sequences(result) == list(range(16))
    assert [d.torn for d in result.damages] == [True]


@settings(max_examples=150, deadline=None)
@given(flip=st.data())
def test_a_flipped_bit_is_noticed_and_costs_at_most_what_it_must(flip):
    part = pa.table({"seq": pa.array(range(4))})
    data = bytearray(log(*(("activity", part) for _ in range(4))))
    places = pieces(data)
    position = flip.draw(st.integers(0, len(data) - 1))
    data[position] ^= 1 << flip.draw(st.integers(0, 7))
    result = scan(bytes(data))
    hit = next(i for i in range(len(places) - 1) if position < places[i + 1])
    in_head = position - places[hit] < frames._CHAIN_END + 4
    in_padding = frames._CHAIN_END + 4 <= position - places[hit] < frames.HEAD_BYTES
    if in_padding:  # says nothing, so changes nothing
        assert result.damages == []
        return
    assert any(not d.torn for d in result.damages)
    left = max(0, hit - 1) if in_head else 4 - (hit > 0)
    assert len(result.frames) == left
    assert all(f.read().equals(part) for f in result.frames)


def test_a_frame_taken_out_or_swapped_breaks_the_chain(data):
    places = pieces(data)
    frame = [data[a:b] for a, b in pairwise(places)]
    for order in ([0, 1, 3, 4], [0, 2, 1, 3, 4], [0, 1, 1, 2, 3, 4]):
        result = scan(b"".join(frame[i] for i in order))
        assert any("chain is broken" in d.reason for d in result.damages)
        assert len(result.frames) == len(order) - 1, "rows that are whole are kept"


def test_a_frame_hidden_in_a_command_line_is_never_taken_for_one(rows, dictionary):
    forged = log(("activity", rows(1, 666)))
    hidden = dictionary([forged.decode("latin-1")] * 2)
    data = bytearray(log(("activity", rows(2, 0, cmdline=hidden)), ("activity", rows(2, 2))))
    places = pieces(data)
    data[places[1] + frames.HEAD_BYTES + 5] ^= 1
    assert sequences(scan(bytes(data))) == [2, 3]


def test_a_table_of_a_newer_version_is_reported(monkeypatch):
    monkeypatch.setitem(frames.TABLE_IDS, "later", 77)
    newer = log(("later", pa.table({"x": [1, 2]})))
    [damage] = scan(newer).damages
    assert "77" in damage.reason
    assert damage.rows == 2


def test_the_head_of_the_chain_depends_on_all_of_it(rows):
    part = tidy("activity", rows(3))
    assert scan(log(("activity", part))).chain != scan(log(("activity", tidy("activity", rows(3, 1))))).chain
    assert (
        scan(log(("activity", part), ("runs", pa.table({"run": ["r"]})))).chain != scan(log(("activity", part))).chain
    )


def test_read_step_by_step_a_log_is_what_a_scan_says(data):
    def read(offset, length):
        return data[offset : offset + length]

    found, position = [], 0
    while position < len(data):
        position, frame = frames.step(read, len(data), position, {"activity"})
        found += frame.read()["seq"].to_pylist() if frame else []
    assert found == sequences(scan(data))
    assert frames.last_boundary(read, len(data)) == len(data)
    assert frames.header(read, len(data)) == HEADER


@given(cut=st.integers(0, 10_000))
def test_the_last_boundary_is_where_the_whole_frames_end(cut):
    data = log(("coverage", tidy("coverage", pa.table({"lost": [1, 2]}))), ("runs", pa.table({"events": [3]})))
    cut = min(cut, len(data))

    def read(offset, length):
        return data[:cut][offset : offset + length]

    whole = max(p for p in pieces(data) if p <= cut)
    assert frames.last_boundary(read, cut) == whole
    after, found = frames.step(read, cut, whole, {"runs"}) if whole < cut else (whole, None)
    assert after == whole
    assert found is None or found.torn


def test_payloads_of_other_tables_are_not_read(data):
    asked = []

    def read(offset, length):
        asked.append(length)
        return data[offset : offset + length]

    position = 0
    while position < len(data):
        position, frame = frames.step(read, len(data), position, {"runs"})
        assert frame is None
    assert set(asked) == {frames.HEAD_BYTES}
