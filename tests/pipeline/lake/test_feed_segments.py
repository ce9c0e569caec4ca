from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.lake import commits, feed_segments, layout, seal, segments
from pipeline.lake.feed_state import SEGMENTS, Place
from pipeline.lake.wal import Wal

DAY = 86_400_000_000

START = Place(SEGMENTS)


def refuse(what, rows):
    raise AssertionError(what)


@pytest.fixture
def sealed(tmp_path, rows, monkeypatch):
    """Two days, so two segments, with row groups of seven rows."""
    monkeypatch.setattr(segments, "ROW_GROUP", 7)
    layout.prepare(tmp_path)
    wal = Wal.create(layout.wal_path(tmp_path, "w-1"), {"host": "vm", "created_ns": 1})
    wal.append("activity", rows(20))
    later = rows(20, 20)
    time = pa.array([t.as_py() for t in later["time"]], schema.TIME)
    moved = pa.array([v + DAY for v in time.cast(pa.int64()).to_pylist()]).cast(schema.TIME)
    wal.append("activity", later.set_column(later.schema.get_field_index("time"), "time", moved))
    wal.append("coverage", schema.batch("coverage", {"lost": pa.array([3])}))
    commit = seal.seal(tmp_path, wal)
    assert [s.table for s in commit.segments] == [
        "activity",
        "activity",
        "coverage",
        "activity_hours",
        "activity_hours",
    ]
    return tmp_path, commit


def read(root, commit, place=START, tables=("activity",), max_rows=1000, trouble=refuse):
    return list(feed_segments.parts(root, commit, place, tables, max_rows, trouble))


def seqs(parts):
    return [s for _, rows, _ in parts for s in rows["seq"].to_pylist()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)  # the segments are only read
@given(size=st.integers(1, 25), stop=st.integers(0, 50))
def test_reading_goes_on_exactly_where_it_stopped(sealed, size, stop):
    parts = read(*sealed, max_rows=size)
    assert sorted(seqs(parts)) == list(range(40))
    assert max(rows.num_rows for _, rows, _ in parts) <= size
    stop = min(stop, len(parts) - 1)
    assert seqs(parts[: stop + 1]) + seqs(read(*sealed, parts[stop][2], max_rows=size)) == seqs(parts)


def test_rows_are_in_lake_types(sealed):
    for table, rows, _ in read(*sealed, tables=("activity", "coverage")):
        assert rows.schema == schema.lake_schema(table)


def test_a_column_that_an_older_segment_lacks_is_null(sealed, monkeypatch):
    root, commit = sealed
    extra = schema.Column("brand_new", schema.TEXT, "what", "", "test", "test")
    monkeypatch.setitem(schema.TABLES, "activity", (*schema.ACTIVITY, extra))
    assert read(root, commit)[0][1]["brand_new"].null_count == 20


def test_a_damaged_and_a_missing_segment_are_told_with_the_rows_that_are_left(sealed):
    root, commit = sealed
    said = []
    first, second, _ = commit.segments[:3]
    (root / second.path).unlink()
    data = bytearray((root / first.path).read_bytes())
    data[50] ^= 1
    (root / first.path).write_bytes(data)
    assert read(root, commit, Place(SEGMENTS, 0, 5), trouble=lambda *a: said.append(a)) == []
    assert [(str(root / s.path) in what, rows) for s, (what, rows) in zip(commit.segments, said, strict=False)] == [
        (True, 15), (True, 20),
    ]  # fmt: skip
    assert "SHA-256" in said[0][0]
    assert "removed before it was read" in said[1][0]


def test_rows_that_sealing_added_are_found(tmp_path, rows):
    layout.prepare(tmp_path)
    wal = Wal.create(layout.wal_path(tmp_path, "w-1"), {"host": "vm", "created_ns": 1})
    wal.append("activity", rows(3))
    wal.append("coverage", schema.batch("coverage", {"lost": pa.array([3])}))
    wal.close()
    with wal.path.open("ab") as file:
        file.write(wal.path.read_bytes()[:80])
    [commit] = seal.recover(tmp_path)
    assert feed_segments.losses(tmp_path, commit, refuse)["reason"].to_pylist() == ["log_torn"]
    whole = commits.Commit("w-2", {}, 0, "", {}, commit.segments)
    assert feed_segments.losses(tmp_path, whole, refuse).num_rows == 0
