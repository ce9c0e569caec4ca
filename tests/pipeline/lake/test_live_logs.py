"""A log read while it grows holds what the whole log holds when it is read at once, in few pieces."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.lake import frames, layout, live_logs, snapshot
from pipeline.lake.live_logs import LiveLog, gathered
from pipeline.lake.wal import Wal

HEADER = {"host": "vm", "created_ns": 1_790_000_000_000_000_000, "schema": 1}


def numbered(first, count, table="activity"):
    name = {"activity": "seq", "findings": "id"}[table]
    values = list(range(first, first + count))
    return pa.table({name: pa.array(values if table == "activity" else map(str, values))})


def seqs(log):
    return [n for piece in log.pieces.get("activity", []) for n in piece["seq"].to_pylist()]


@pytest.fixture
def wal(tmp_path):
    layout.prepare(tmp_path)
    made = Wal.create(layout.wal_path(tmp_path, "w-1"), HEADER)
    yield made
    made.close()


@given(
    st.lists(st.tuples(st.sampled_from(["activity", "findings"]), st.integers(1, 9)), max_size=20),
    st.lists(st.integers(0, 1 << 30), max_size=8),
)
def test_it_holds_what_the_log_holds_wherever_it_was_read_on_the_way(batches, looks):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        layout.prepare(root)
        wal = Wal.create(layout.wal_path(root, "w-1"), HEADER)
        for number, (table, count) in enumerate(batches):
            wal.append(table, numbered(number * 10, count, table))
        wal.close()
        whole = wal.path.read_bytes()
        log = LiveLog(wal.path)
        for cut in sorted(look % (len(whole) + 1) for look in looks):
            wal.path.write_bytes(whole[:cut])  # half a frame, half a head: what a reader may meet
            log.advance()
            assert log.damages == []
        wal.path.write_bytes(whole)
        log.advance()
        taken = snapshot.take(root, ["activity", "findings"])
        for table in ("activity", "findings"):
            name = numbered(0, 1, table).column_names[0]
            fresh = [v for part in taken.live.get(table, []) for v in part[name].to_pylist()]
            assert [v for piece in log.pieces.get(table, []) for v in piece[name].to_pylist()] == fresh
        assert all(p.schema.equals(schema.memory_schema(t)) for t, pieces in log.pieces.items() for p in pieces)


def test_only_what_was_appended_is_read_and_nothing_new_says_so(wal, monkeypatch):
    read = []
    scan = frames.scan
    monkeypatch.setattr(live_logs.frames, "scan", lambda log, **more: read.append(len(log)) or scan(log, **more))
    log = LiveLog(wal.path)
    wal.append("activity", numbered(0, 100))
    assert log.advance()
    assert not log.advance()
    before = wal.size
    wal.append("activity", numbered(100, 1))
    assert log.advance()
    assert read == [before, wal.size - before]
    assert seqs(log) == list(range(101))


def test_a_thousand_frames_are_a_few_pieces_and_the_large_ones_stay_as_they_are(wal, monkeypatch):
    monkeypatch.setattr(live_logs, "PIECE_ROWS", 400)
    log = LiveLog(wal.path)
    copies = 0
    for number in range(1000):
        wal.append("activity", numbered(number, 1))
        before = {id(p) for p in log.pieces.get("activity", [])}
        assert log.advance()
        copies += sum(p.num_rows for p in log.pieces["activity"] if id(p) not in before)
    assert seqs(log) == list(range(1000))
    assert len(log.pieces["activity"]) < 20
    assert copies < 12 * 1000, "each row is copied a few times, not once for each frame that follows"


def test_parts_are_gathered_up_to_a_size(monkeypatch):
    monkeypatch.setattr(live_logs, "PIECE_ROWS", 10)
    found = gathered([numbered(0, n) for n in (4, 4, 4, 25, 1)])
    assert [t.num_rows for t in found] == [8, 4, 25, 1]


def test_a_damaged_head_ends_the_reading_and_is_told_once(wal):
    for first in (0, 10):
        wal.append("activity", numbered(first, 5))
    content = bytearray(wal.path.read_bytes())
    second = content.rindex(frames.MAGIC)
    content[second + 9] ^= 1
    wal.path.write_bytes(content)
    log = LiveLog(wal.path)
    log.advance()
    assert seqs(log) == list(range(5))
    wal.append("activity", numbered(20, 5))
    log.advance()
    assert [f"a frame's head is damaged at byte {second}" in d for d in log.damages] == [True]
    assert seqs(log) == list(range(5)), "as who reads the whole log sees it"


def test_a_log_that_another_has_replaced_is_read_from_its_begin(wal, tmp_path):
    wal.append("activity", numbered(0, 3))
    log = LiveLog(wal.path)
    log.advance()
    other = Wal.create(tmp_path / "other.wal", HEADER)
    other.append("activity", numbered(7, 2))
    other.close()
    other.path.rename(wal.path)
    assert log.advance()
    assert seqs(log) == [7, 8]


def test_a_log_that_is_gone_is_no_damage(wal):
    log = LiveLog(wal.path)
    os.unlink(wal.path)
    with pytest.raises(FileNotFoundError):
        log.advance()


def test_rows_of_a_newer_version_are_told(wal):
    wal.append("activity", pa.table({"column_of_the_future": [1]}))
    log = LiveLog(wal.path)
    log.advance()
    assert "ask with the version that wrote it" in log.damages[0]
