from __future__ import annotations

import itertools
import os
import threading
import time

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake import frames, layout, snapshot
from pipeline.lake.rows import tidy
from pipeline.lake.seal import recover
from pipeline.lake.wal import Wal
from pipeline.lake.writer import LakeWriter

HEADER = {"host": "vm", "created_ns": 1_790_000_000_000_000_000, "schema": 1}


@pytest.fixture
def root(tmp_path):
    layout.prepare(tmp_path)
    return tmp_path


def count(taken):
    live = sum(t.num_rows for t in taken.live.get("activity", []))
    return live + sum(s.rows for s in taken.segments)


def test_sees_logs_and_segments_as_one(root, rows):
    with LakeWriter(root, "vm") as writer:
        writer.append("activity", rows(5))
        writer.seal()
        writer.append("activity", rows(3, 5))
        writer.sync()
        taken = snapshot.take(root, ["activity"])
        assert ([s.rows for s in taken.segments], taken.live["activity"][0].num_rows) == ([5], 3)
        assert taken.damages == []
        assert snapshot.take(root, ["runs"]).live == {}


def test_an_empty_folder_is_an_empty_snapshot(tmp_path):
    assert snapshot.take(tmp_path, schema.TABLES) == snapshot.Snapshot()


def test_never_counts_twice_nor_drops_while_a_writer_seals(root, rows):
    appended, stop = 0, threading.Event()

    def write():
        nonlocal appended
        with LakeWriter(root, "vm") as writer:
            for i in itertools.count():
                writer.append("activity", rows(3, i * 3))
                writer.sync()
                appended += 3
                if i % 4 == 3:
                    writer._rotate()
                if stop.is_set():
                    return

    thread = threading.Thread(target=write)
    thread.start()
    try:
        last, deadline = 0, time.monotonic() + 20
        while appended < 200 and time.monotonic() < deadline:
            before = appended
            taken = snapshot.take(root, ["activity"])
            assert taken.damages == []
            found = count(taken)
            assert found % 3 == 0
            assert max(before, last) <= found <= appended + 3
            last = found
    finally:
        stop.set()
        thread.join()
    assert count(snapshot.take(root, ["activity"])) == appended >= 200


def test_reads_logs_before_records(root, rows, monkeypatch):
    """A log sealed and removed between the two steps is found by its record."""
    wal = Wal.create(layout.wal_path(root, "w-1"), HEADER)
    wal.append("activity", rows(4))
    wal.close()
    stems = layout.stems

    def seal_in_between(folder, suffix):
        if folder.name == layout.COMMITS:
            monkeypatch.setattr(layout, "stems", stems)
            recover(root)
        return stems(folder, suffix)

    monkeypatch.setattr(layout, "stems", seal_in_between)
    taken = snapshot.take(root, ["activity"])
    assert (count(taken), taken.live) == (4, {})


def test_half_a_frame_is_no_damage_and_a_flipped_bit_is(root, rows):
    wal = Wal.create(layout.wal_path(root, "w-1"), HEADER)
    wal.append("activity", rows(4))
    wal.append("activity", rows(4, 4))
    wal.close()
    whole = wal.path.read_bytes()
    wal.path.write_bytes(whole[:-9])
    taken = snapshot.take(root, ["activity"])
    assert (count(taken), taken.damages) == (4, [])
    wal.path.write_bytes(whole[:-60] + b"\xff" + whole[-59:])
    taken = snapshot.take(root, ["activity"])
    assert count(taken) == 4
    assert taken.damages[0].startswith(f"{wal.path}: a frame's payload is damaged")


@pytest.fixture
def segment(root, rows):
    with LakeWriter(root, "vm") as writer:
        writer.append("activity", rows(50))
    return next(root.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (lambda p: p.unlink(), "No such file"),
        (lambda p: os.truncate(p, 100), "is 100 bytes long and should be"),
        (lambda p: os.truncate(p, 0), "is 0 bytes long"),
        (lambda p: p.write_bytes(p.read_bytes()[:-1] + b"x"), "does not end as a Parquet file"),
    ],
)
def test_a_missing_or_cut_segment_is_named_and_left_out(root, segment, harm, what):
    harm(segment)
    taken = snapshot.take(root, ["activity"])
    assert taken.segments == []
    [line] = taken.damages
    assert line.startswith(f"{segment}: this segment ")
    assert what in line
    assert "restore it from a backup" in line


@pytest.mark.usefixtures("segment")
def test_a_damaged_record_is_named(root):
    record = next((root / "commits").iterdir())
    record.write_text("{")
    [line] = snapshot.take(root, ["activity"]).damages
    assert line.startswith(str(record))


def test_every_flipped_byte_of_a_segment_is_found_by_its_hash(root, segment):
    [known] = snapshot.take(root, ["activity"]).segments
    content = segment.read_bytes()
    for position in range(4, len(content) - 4, len(content) // 40):
        segment.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        checked = snapshot.check_content(root, [known])
        assert list(checked.faults) == [known.path]
        assert "SHA-256" in checked.faults[known.path]
    segment.write_bytes(content)
    assert snapshot.check_content(root, [known]).faults == {}


def test_what_was_found_whole_is_not_read_again_unless_it_changed(root, segment):
    [known] = snapshot.take(root, ["activity"]).segments
    [key] = snapshot.check_content(root, [known]).whole
    assert snapshot.check_content(root, [known], {key}) == snapshot.Checked()
    segment.write_bytes(segment.read_bytes()[:-5] + b"x" + b"PAR1")
    assert snapshot.check_content(root, [known], {key}).faults


def test_the_newest_segments_are_checked_first(root, rows):
    with LakeWriter(root, "vm") as writer:
        for i in range(3):
            writer.append("activity", rows(20, 20 * i))
            writer.seal()
    segments = snapshot.take(root, ["activity"]).segments
    newest = max(segments, key=lambda s: s.path)
    [key] = snapshot.check_content(root, segments, budget=newest.bytes).whole
    assert key.startswith(newest.path)
    assert snapshot.check_content(root, segments, budget=0) == snapshot.Checked()


def test_rows_of_a_newer_version_are_damage_not_a_crash(root):
    wal = Wal.create(layout.wal_path(root, "w-1"), HEADER)
    wal.append("activity", pa.table({"column_of_the_future": [1]}))
    [line] = snapshot.take(root, ["activity"]).damages
    assert "with the version that wrote it" in line
    wal.close()


def test_a_frame_that_is_no_arrow_is_damage_not_a_crash(root, monkeypatch):
    wal = Wal.create(layout.wal_path(root, "w-1"), HEADER)
    monkeypatch.setattr(frames, "encode", lambda _t, _r, chain: frames._seal(1, 3, b"no arrow" * 4, chain))
    wal.append("activity", tidy("activity", pa.table({"path": ["x"]})))
    [line] = snapshot.take(root, ["activity"]).damages
    assert line.startswith(str(wal.path))
    wal.close()
