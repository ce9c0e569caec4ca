from __future__ import annotations

import pyarrow as pa
import pytest

from lictor.detecting.outbox import FILE, Outbox
from pipeline import schema
from pipeline.lake.errors import LakeError


def findings(*ids):
    return pa.Table.from_pylist([{"id": i} for i in ids], schema.lake_schema("findings"))


def test_what_was_left_behind_a_commit_is_to_be_delivered_and_before_it_is_not(tmp_path):
    box = Outbox(tmp_path)
    assert box.left(0) is None
    box.put(findings("a", "b"), 7)
    assert Outbox(tmp_path).left(7) is None
    left = Outbox(tmp_path).left(8)
    assert left == findings("a", "b")
    assert left.schema == schema.lake_schema("findings")
    box.clear()
    box.clear()
    assert box.left(8) is None


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / FILE).write_bytes(b"nothing")
    with pytest.raises(LakeError, match=f"{FILE}: damaged"):
        Outbox(tmp_path).left(1)


def test_a_folder_that_is_gone_is_said(tmp_path):
    with pytest.raises(LakeError, match="while keeping findings"):
        Outbox(tmp_path / "gone").put(findings("a"), 1)
