"""How far followers have read: counted against the logs that there are, and what cannot be read is said and stops nothing."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashboards.keeping import following
from pipeline import schema
from pipeline.lake.feed import Feed
from pipeline.lake.writer import LakeWriter


def grown(root, logs=1):
    with LakeWriter(root, "h") as writer:
        for number in range(logs):
            writer.append("runs", pa.Table.from_pylist([{"run": f"r{number}"}], schema.lake_schema("runs")))
            writer.seal()


def follow(root, name):
    with Feed(root, name, ["runs"]) as feed:
        for piece in feed.read():
            feed.commit(piece.position)


@pytest.fixture
def root(tmp_path):
    grown(tmp_path / "lake")
    return tmp_path / "lake"


def rows(root):
    return {r["feed"]: r for r in following.followers(root).to_pylist()}


def test_nobody_follows_a_new_lake(root):
    assert following.followers(root).num_rows == 0


def test_who_read_everything_is_not_behind(root):
    follow(root, "detect")
    row = rows(root)["detect"]
    assert (row["behind"], row["state"]) == (0, "has read every log to its end")
    assert row["commits"] >= 1
    assert row["last"] is not None


def test_new_logs_count_until_they_are_read(root):
    follow(root, "export")
    grown(root, logs=3)
    assert rows(root)["export"]["behind"] == 3
    assert rows(root)["export"]["state"] == "caught up once"
    follow(root, "export")
    assert rows(root)["export"]["behind"] == 0


def test_who_has_not_begun_and_whose_position_is_damaged_are_told(root):
    follow(root, "good")
    (root / "feeds" / "fresh").mkdir()
    follow(root, "bad")
    (root / "feeds" / "bad" / "position.json").write_bytes(b"{")
    found = rows(root)
    assert found["fresh"]["state"] == "has read nothing yet"
    assert "damaged position" in found["bad"]["state"]
    assert found["bad"]["behind"] is None
    assert found["good"]["behind"] == 0
