"""The context of a trace survives the file, and damage to it is told."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collectors.interface import CollectorError
from collectors.replay.context import KEY, context_of, write_trace
from pipeline import schema

CONTEXT = {"workspace": "/home/dev/repo", "home": "/home/dev", "env": {"LANG": "C"}}


def rows() -> pa.RecordBatch:
    return schema.batch(
        "activity",
        {
            "time_ns": pa.array([2, 1], pa.int64()),
            "class": pa.array(["file", "file"]),
            "operation": pa.array(["file.read", "file.write"]),
            "path": pa.array([None, None], pa.string()),
        },
    )


def test_a_trace_is_sorted_sparse_and_keeps_its_context(tmp_path) -> None:
    write_trace(rows(), tmp_path / "trace.parquet", CONTEXT)
    read = pq.read_table(tmp_path / "trace.parquet")
    assert read.column("time_ns").to_pylist() == [1, 2]
    assert read.schema.names == ["time_ns", "class", "operation"]
    assert context_of(read.schema.metadata) == CONTEXT


def test_a_member_nobody_reads_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="unknown member colour"):
        write_trace(rows(), tmp_path / "t.parquet", {"colour": "red"})


def test_no_context_is_an_empty_one() -> None:
    assert context_of(None) == {}
    assert context_of({b"pandas": b"{}"}) == {}


@pytest.mark.parametrize(
    "text",
    [b"{", b"[]", b"\xff", json.dumps({"env": {"A": 1}}).encode(), json.dumps({"home": 1}).encode(), b'{"x": "y"}'],
)
def test_a_damaged_context_is_one_clear_line(text: bytes) -> None:
    with pytest.raises(CollectorError, match=r"^the trace's context is damaged: [^\n]+$"):
        context_of({KEY: text})
