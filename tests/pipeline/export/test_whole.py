"""A whole lake once: sealed and live rows, each exactly once, and nothing that is damaged."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.export.whole import parts
from pipeline.lake.errors import LakeError
from pipeline.lake.writer import LakeWriter

DAY_US = 86_400_000_000


def some(first, count):
    times = pa.array(
        [1_790_000_000_000_000 + n * DAY_US for n in range(first, first + count)], pa.timestamp("us", "UTC")
    )
    return pa.table({"time": times, "seq": pa.array(range(first, first + count), pa.int64()), "host": ["h"] * count})


@pytest.fixture
def lake(tmp_path):
    """Five sealed rows of five days, three more in a log, and a finding."""
    with LakeWriter(tmp_path, "h") as writer:
        writer.append("activity", some(0, 5))
        writer.append("findings", pa.table({"id": ["f"], "host": ["h"]}))
    live = LakeWriter(tmp_path, "h")
    live.append("activity", some(5, 3))
    live.sync()
    yield tmp_path
    live.close()


def numbers(found):
    return sorted(n for p in found if p.table == "activity" for n in p.rows["seq"].to_pylist())


@pytest.mark.parametrize("most", [1, 2, 100])
def test_every_row_once_in_pieces(lake, most):
    found = list(parts(lake, ["activity", "findings"], max_rows=most))
    assert numbers(found) == list(range(8))
    assert all(p.rows.num_rows <= most for p in found)
    assert all(p.rows.schema.equals(schema.lake_schema(p.table)) for p in found)
    assert [p.table for p in found if p.table == "findings"] == ["findings"]


def test_since_a_moment(lake):
    since = 1_790_000_000_000_000 + 3 * DAY_US
    assert numbers(parts(lake, ["activity"], since=since)) == [3, 4, 5, 6, 7]
    assert [p.rows["id"].to_pylist() for p in parts(lake, ["findings"], since=since)] == [["f"]]


def test_nothing_is_left_behind(lake):
    before = sorted(lake.rglob("*"))
    list(parts(lake, ["activity"]))
    assert sorted(lake.rglob("*")) == before


def test_damaged_segment_ends_it(lake):
    path = next(lake.glob("activity/**/*.parquet"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(LakeError, match="SHA-256"):
        list(parts(lake, ["activity"]))


def test_no_lake(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "file").write_text("")
    with pytest.raises(LakeError, match="no lake"):
        list(parts(tmp_path / "x", ["activity"]))
