from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.lake import segments
from pipeline.lake.rows import tidy

DAY = 86_400_000_000
CREATED = 1_790_000_000_000_000_000


def write(root, table, *parts, host="vm"):
    made = list(segments.write(root, "w-1", table, [tidy(table, p) for p in parts], host=host, created_ns=CREATED))
    for segment in made:
        segments.publish(root, segment)
    return made


def read(root, segment):
    return pq.read_table(root / segment.path, partitioning=None)


def test_a_segment_has_every_column_in_lake_types_and_plain_text(tmp_path, rows):
    [segment] = write(tmp_path, "activity", rows(10))
    assert read(tmp_path, segment).schema.equals(schema.lake_schema("activity"))
    assert segment.path == "activity/day=2026-09-21/host=vm/w-1.parquet"
    content = (tmp_path / segment.path).read_bytes()
    assert (segment.rows, segment.bytes) == (10, len(content))
    assert segment.sha256 == hashlib.sha256(content).hexdigest()


def test_activity_is_sorted_by_run_and_time(tmp_path, rows):
    shuffled = rows(300).take(pa.array(np.random.default_rng(3).permutation(300)))
    [segment] = write(tmp_path, "activity", shuffled.slice(0, 100), shuffled.slice(100))
    table = read(tmp_path, segment)
    keys = list(zip(table["agent_run"].to_pylist(), table["time_ns"].to_pylist(), strict=True))
    assert keys == sorted(keys)
    assert sorted(table["seq"].to_pylist()) == list(range(300))
    assert (segment.first_time, segment.last_time) == (
        pc.min(table["time"].cast(pa.int64())).as_py(),
        pc.max(table["time"].cast(pa.int64())).as_py(),
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-(10**17), 3 * 10**17)),
            st.one_of(st.none(), st.sampled_from(["a", "b/..", "..", "é"])),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_each_row_lands_once_in_the_folder_of_its_day_and_host(tmp_path_factory, rows):
    root = tmp_path_factory.mktemp("lake")
    part = pa.table({
        "time": pa.array([t for t, _ in rows], schema.TIME),
        "host": pa.array([h for _, h in rows], pa.string()),
        "seq": pa.array(range(len(rows))),
    })  # fmt: skip
    found = {}
    for segment in write(root, "activity", part, host="own"):
        folder = segment.path.split("/")[1:3]
        found |= dict.fromkeys(read(root, segment)["seq"].to_pylist(), folder)
    assert sorted(found) == list(range(len(rows)))
    for i, (time, host) in enumerate(rows):
        sane = time is not None and 0 <= time < 2_932_897 * DAY
        day = np.datetime64(time if sane else CREATED // 1000, "us").astype("M8[D]")
        assert found[i] == [f"day={day}", f"host={segments.layout.host_folder(host or 'own')}"]


def test_the_same_rows_give_the_same_files(tmp_path, rows):
    first, second = ([s.sha256 for s in write(tmp_path / n, "activity", rows(50), rows(20, 50))] for n in ("a", "b"))
    assert first == second


@pytest.mark.parametrize("table", sorted(schema.TABLES))
def test_every_table_can_be_written(tmp_path, table):
    time = pa.array([datetime(2026, 1, 2, tzinfo=UTC)], schema.TIME)
    [segment] = write(tmp_path, table, pa.table({segments.time_column(table): time}))
    assert segment.path.startswith(f"{table}/day=2026-01-02/")
    assert read(tmp_path, segment).schema.equals(schema.lake_schema(table))


def test_names_and_paths_can_be_ruled_out_without_reading(tmp_path, rows):
    [segment] = write(tmp_path, "activity", rows(500))
    metadata = pq.ParquetFile(tmp_path / segment.path).metadata
    position = schema.lake_schema("activity").names.index("path")
    column = metadata.row_group(0).column(position)
    assert column.compression == "ZSTD"
    assert column.statistics.min == "/data/0"
    bloom = getattr(column, "bloom_filter_offset", 1)  # pyarrow says so since 26
    assert not segments._HAS_BLOOM or bloom


def test_a_large_log_becomes_several_row_groups(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(segments, "ROW_GROUP", 64)
    [segment] = write(tmp_path, "activity", rows(200))
    assert pq.ParquetFile(tmp_path / segment.path).num_row_groups == 4


def test_nothing_has_its_name_before_it_is_published(tmp_path, rows):
    [segment] = segments.write(tmp_path, "w-1", "activity", [tidy("activity", rows(3))], host="vm", created_ns=CREATED)
    assert not (tmp_path / segment.path).exists()
    segments.publish(tmp_path, segment)
    assert (tmp_path / segment.path).exists()


def test_column_sets_differ_between_tables():
    assert len({segments.column_set(t) for t in schema.TABLES}) == len(schema.TABLES)
