"""Counts by the hour are what a GROUP BY over the events would give, whatever the rows and however often a log is sealed."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.lake import commits, engine, hours, layout, rows, snapshot
from pipeline.lake.reader import Lake
from pipeline.lake.seal import seal
from pipeline.lake.wal import Wal
from pipeline.lake.writer import LakeWriter
from queries.catalog import views

START = datetime(2026, 3, 1, 22, 59, 59, tzinfo=UTC)
KEYS = [c.name for c in schema.ACTIVITY_HOURS if c.name not in {"hour", "events", "first_time", "last_time"}]
BY_EVENTS = f"""
    SELECT date_trunc('hour', time) AS hour, {", ".join(f'"{k}"' for k in KEYS)}, count(*) AS events, min(time) AS first_time,
        max(time) AS last_time
    FROM activity GROUP BY ALL ORDER BY ALL
"""
BY_HOURS = f"""
    SELECT hour, {", ".join(f'"{k}"' for k in KEYS)}, CAST(sum(events) AS BIGINT) AS events, min(first_time) AS first_time,
        max(last_time) AS last_time
    FROM activity_hourly GROUP BY ALL ORDER BY ALL
"""

row = st.fixed_dictionaries(
    {"time": st.one_of(st.none(), st.integers(0, 4 * 3600).map(lambda s: START + timedelta(seconds=s)))},
    optional={k: st.one_of(st.none(), st.sampled_from(["a", "b", "a,b", "é"])) for k in KEYS},
)


def batch(listed):
    return pa.Table.from_pylist(listed, schema=schema.lake_schema("activity"))


def counted(listed):
    found = {}
    for one in listed:
        hour = one["time"] and one["time"].replace(minute=0, second=0)
        key = (hour, *(one.get(k) for k in KEYS))
        found.setdefault(key, []).append(one["time"])
    return {k: (len(v), min(v) if v[0] else None, max(v) if v[0] else None) for k, v in found.items()}


@given(st.lists(st.lists(row, min_size=1, max_size=12), min_size=1, max_size=4))
def test_counts_are_those_of_a_plain_loop(batches):
    made = hours.of([rows.tidy("activity", batch(listed)) for listed in batches])
    full = schema.conform(made, "activity_hours").to_pylist()
    got = {(r["hour"], *(r[k] for k in KEYS)): (r["events"], r["first_time"], r["last_time"]) for r in full}
    assert len(full) == len(got)
    assert got == counted([one for listed in batches for one in listed])


@given(st.lists(st.lists(row, min_size=1, max_size=12), min_size=1, max_size=4), st.integers(1, 60))
def test_combinations_that_no_one_number_holds_are_counted_alike(batches, largest):
    parts = [rows.tidy("activity", batch(listed)) for listed in batches]
    with pytest.MonkeyPatch.context() as small:
        small.setattr(hours, "_LARGEST", largest)
        narrow = hours.of(parts)
    assert narrow.equals(hours.of(parts))


@pytest.mark.parametrize("time", [datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), datetime(9999, 12, 31, 23, 30, tzinfo=UTC)])  # fmt: skip
def test_an_odd_clock_has_its_hour_as_well(time):
    made = hours.of([rows.tidy("activity", batch([{"time": time}, {"time": START}, {"time": None}]))])
    assert sorted(made["hour"].drop_null().to_pylist()) == sorted(
        [time.replace(minute=0, second=0, microsecond=0), START.replace(minute=0, second=0)]
    )


steps = st.lists(
    st.one_of(st.lists(row, min_size=1, max_size=6), st.sampled_from(["seal", "lose counts", "break counts"])),
    max_size=8,
)


@settings(max_examples=25)
@given(steps)
def test_after_any_history_the_hours_are_those_of_the_events(history):
    """Hosts, late rows and moments without a clock; logs sealed at any point, some from before there were counts, some damaged."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with LakeWriter(root, "h1") as writer:
            for step in history:
                if isinstance(step, list):
                    writer.append("activity", batch(step))
                    writer.sync()
                else:
                    writer.seal()
                    harm(root, step)
                check(root)
        check(root)


def harm(root, step):
    """Counts that never were, or a file of them that is cut."""
    stems = layout.stems(root / layout.COMMITS, ".json")
    if not stems or step == "seal":
        return
    commit = commits.read(root, stems[0])
    counts = [s for s in commit.segments if s.table == "activity_hours"]
    if step == "lose counts":
        rest = tuple(s for s in commit.segments if s not in counts)
        commits.write(root, commits.Commit(**{**commit.__dict__, "segments": rest}))
    elif counts:
        os.truncate(root / counts[-1].path, 7)


def check(root):
    taken = snapshot.take(root, schema.TABLES)  # leaves out what is cut
    connection = engine.connect(root, 1 << 29)
    engine.define(connection, root, taken, {"activity_hourly": views()["activity_hourly"]})
    assert connection.sql(BY_HOURS).fetchall() == connection.sql(BY_EVENTS).fetchall()


def some(count, host="h1", start=START, verdict="allow"):
    return batch([
        {"time": start + timedelta(seconds=37 * i), "host": host, "operation": "exec", "class": "process", "verdict": verdict}
        for i in range(count)
    ])  # fmt: skip


@pytest.fixture
def root(tmp_path):
    return tmp_path / "lake"


def same(root):
    lake = Lake(root, views=views())
    by_events = lake.query(BY_EVENTS)
    assert lake.query(BY_HOURS).to_pylist() == by_events.to_pylist()
    return sum(by_events["events"].to_pylist())


def test_sealed_live_and_late_rows_are_each_counted_once(root):
    with LakeWriter(root, "h1") as writer:
        writer.append("activity", some(300))
        writer.append("activity", some(50, host="h2"))
    assert same(root) == 350
    with LakeWriter(root, "h1") as writer:
        writer.append("activity", some(70, start=START - timedelta(days=2), verdict="deny"))  # late
        writer.sync()
        assert same(root) == 420
    assert same(root) == 420


def test_segments_from_before_there_were_counts_are_counted_when_asked(root):
    with LakeWriter(root, "h1") as writer:
        writer.append("activity", some(40))
    [stem] = layout.stems(root / layout.COMMITS, ".json")
    commit = commits.read(root, stem)
    old = [s for s in commit.segments if s.table != "activity_hours"]
    assert len(old) == len(commit.segments) - 1
    commits.write(root, commits.Commit(**{**commit.__dict__, "segments": tuple(old)}))
    lake = Lake(root, views=views())
    assert lake.query("SELECT count(*) AS n FROM activity_hours")["n"].to_pylist() == [0]
    assert same(root) == 40


def test_a_log_that_is_sealed_again_after_a_crash_gives_the_same_counts(root):
    writer = LakeWriter(root, "h1")
    writer.append("activity", some(25))
    writer.sync()
    path = next((root / layout.WAL).glob("*.wal"))
    content = path.read_bytes()
    writer.close()
    first = {s.path: s.sha256 for s in commits.read(root, path.stem).segments}
    layout.commit_path(root, path.stem).unlink()
    path.write_bytes(content)
    log = Wal.adopt(path)
    again = seal(root, log)
    log.close()
    assert {s.path: s.sha256 for s in again.segments} == first
    assert same(root) == 25


def test_rows_that_are_no_activity_make_no_counts(root):
    with LakeWriter(root, "h1") as writer:
        writer.append("findings", pa.Table.from_pylist([{"id": "f1"}], schema=schema.lake_schema("findings")))
    [stem] = layout.stems(root / layout.COMMITS, ".json")
    assert {s.table for s in commits.read(root, stem).segments} == {"findings"}
