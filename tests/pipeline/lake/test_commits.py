from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.lake import commits, layout
from pipeline.lake.errors import LakeError
from pipeline.lake.rows import tidy
from pipeline.lake.segments import Segment

SEGMENT = Segment("activity", "activity/day=2026-01-01/host=vm/w-1.parquet", 3, 100, "00" * 32, "aa", 1, 2)
COMMIT = commits.Commit("w-1", {"host": "vm"}, 5, "ff", {"activity": 3}, (SEGMENT,))


@pytest.fixture
def root(tmp_path):
    layout.prepare(tmp_path)
    return tmp_path


def test_a_record_is_read_as_it_was_written(root):
    commits.write(root, COMMIT)
    assert commits.read(root, "w-1") == COMMIT
    assert commits.read(root, "w-2") is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 1}', '{"version": 1, "segments": [{"x": 1}]}'])
def test_a_damaged_record_is_named(root, content):
    layout.commit_path(root, "w-1").write_text(content)
    with pytest.raises(LakeError, match=r"w-1.json: damaged commit record .*backup"):
        commits.read(root, "w-1")


def test_a_newer_record_asks_for_an_update(root):
    layout.commit_path(root, "w-1").write_text('{"version": 99}')
    with pytest.raises(LakeError, match="newer version"):
        commits.read(root, "w-1")


def test_sequence_ranges_span_frames_with_different_dictionaries(rows, dictionary):
    parts = [rows(5), rows(5, 5), rows(2, 100, source=dictionary(["other"] * 2))]
    found = {r["source"]: r for r in commits.sequences([tidy("activity", p) for p in parts])}
    assert found["test"] == {
        "boot_id": "boot", "source": "test", "cpu": 0, "class": "file", "first": 0, "last": 9, "rows": 10,
    }  # fmt: skip
    assert (found["other"]["first"], found["other"]["last"], found["other"]["rows"]) == (100, 101, 2)


def test_losses_are_summed_and_nothing_lost_is_not_listed():
    coverage = pa.table({
        "source": ["e", "e", "e"], "class": ["file", "file", "network"],
        "reason": ["ring_full", "ring_full", "none"], "lost": [2, 3, 0],
    })  # fmt: skip
    expected = ({"source": "e", "class": "file", "reason": "ring_full", "lost": 5},)
    assert commits.losses([tidy("coverage", coverage)]) == expected


def test_rows_without_sequence_numbers_have_no_ranges():
    assert commits.sequences([tidy("activity", pa.table({"pid": pa.array([1], pa.int32())}))]) == ()
    assert commits.losses([]) == ()
