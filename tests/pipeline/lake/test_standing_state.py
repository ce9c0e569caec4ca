"""What a standing worker knows is what a fresh snapshot tells, at every step of a lake's life."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake import layout, snapshot
from pipeline.lake.standing_state import LakeState
from pipeline.lake.writer import LakeWriter


def rows(count):
    return pa.Table.from_pylist(
        [{"time_ns": i, "host": "h"} for i in range(count)], schema=schema.lake_schema("activity")
    )


def as_known(state):
    state.refresh()
    return sorted(s.path for s in state.segments), sum(p.num_rows for p in state.live("activity"))


def as_fresh(root):
    taken = snapshot.take(root, schema.TABLES)
    return sorted(s.path for s in taken.segments), sum(p.num_rows for p in taken.live.get("activity", []))


@pytest.fixture
def root(tmp_path):
    return tmp_path / "lake"


def test_it_follows_a_lake_step_by_step(root):
    writer = LakeWriter(root, "h")
    state = LakeState(root)
    for count in (3, 4, 5):
        writer.append("activity", rows(count))
        writer.sync()
        assert as_known(state) == as_fresh(root)
    writer.close()
    assert as_known(state) == as_fresh(root)
    assert as_known(state)[1] == 0
    with LakeWriter(root, "h") as other:
        other.append("activity", rows(2))
        other.sync()
        assert as_known(state) == as_fresh(root)


def test_nothing_new_changes_nothing(root):
    with LakeWriter(root, "h") as writer:
        writer.append("activity", rows(3))
        writer.sync()
        state = LakeState(root)
        state.refresh()
        version = state.version
        state.refresh()
        assert state.version == version


def test_half_a_frame_is_read_when_it_is_whole(root):
    writer = LakeWriter(root, "h")
    writer.append("activity", rows(3))
    writer.sync()
    writer.append("activity", rows(4))
    writer.sync()
    path = next((root / layout.WAL).glob("*.wal"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    state = LakeState(root)
    assert as_known(state)[1] == 3
    assert state.damages() == []
    with open(path, "ab") as file:
        file.write(whole[-9:])
    assert as_known(state)[1] == 7
    writer.close()


def test_damage_in_a_log_is_told_once_and_what_is_behind_it_counts(root):
    writer = LakeWriter(root, "h")
    for _ in range(3):
        writer.append("activity", rows(2))
        writer.sync()
    path = next((root / layout.WAL).glob("*.wal"))
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third + 200] ^= 0xFF
    path.write_bytes(content)
    state = LakeState(root)
    found = as_known(state)
    assert len(state.damages()) == 1
    assert path.name in state.damages()[0]
    assert found == as_fresh(root)
    as_known(state)
    assert len(state.damages()) == 1
    writer.close()


def test_a_damaged_commit_record_and_a_missing_segment_are_told(root):
    with LakeWriter(root, "h") as writer:
        writer.append("activity", rows(3))
    segment = next((root / "activity").rglob("*.parquet"))
    segment.unlink()
    state = LakeState(root)
    state.refresh()
    assert [segment.name in line for line in state.damages()] == [True]
    record = next((root / layout.COMMITS).glob("*.json"))
    record.write_text("{")
    other = LakeState(root)
    other.refresh()
    assert [record.name in line for line in other.damages()] == [True]


def test_content_is_compared_one_segment_at_a_time(root):
    with LakeWriter(root, "h") as writer:
        writer.append("activity", rows(3))
    segment = next((root / "activity").rglob("*.parquet"))
    content = bytearray(segment.read_bytes())
    content[50] ^= 1
    segment.write_bytes(content)
    state = LakeState(root)
    state.refresh()
    steps = 0
    while state.check_one():
        steps += 1
    assert steps == 2, "the rows and their counts"
    assert ["SHA-256" in line for line in state.damages()] == [True]
    assert all(s.table == "activity_hours" for s in state.segments)
