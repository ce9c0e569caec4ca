"""Marks become columns, with the confidence that a forgeable mark deserves."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from collectors import marks
from pipeline import schema
from pipeline.steps.attribute import CONFIDENCE, attribute

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def batch_of(*texts, **columns):
    encoded = pa.array([json.dumps(t) if isinstance(t, dict) else t for t in texts], pa.string()).dictionary_encode()
    return schema.batch("activity", {"marks": encoded, "seq": pa.array(range(len(texts)), pa.int64()), **columns})


def rows_of(batch):
    return schema.conform(batch, "activity").to_pylist()


def test_marks_fill_their_columns_in_their_rows():
    batch = batch_of({"CODEX_TOOL_CALL_ID": "call-1", "CODEX_THREAD_ID": "t-1"}, None, {"TRACEPARENT": TRACE})
    first, second, third = rows_of(attribute(batch))
    assert (first["tool_call"], first["conversation"], first["join_confidence"]) == ("call-1", "t-1", CONFIDENCE)
    assert second["tool_call"] is second["conversation"] is second["trace_id"] is second["join_confidence"] is None
    assert (third["trace_id"], third["span_id"]) == (TRACE[3:35], TRACE[36:52])
    assert third["join_confidence"] == CONFIDENCE
    assert [r["seq"] for r in rows_of(attribute(batch))] == [0, 1, 2]


def test_a_mark_is_never_certain():
    assert 0 < CONFIDENCE < 1


@pytest.mark.parametrize(
    "text", [None, "{}", "no json", "[1]", '{"AGENT": "1"}', '{"TRACEPARENT": "garbage"}', '{"CODEX_TOOL_CALL_ID": ""}']
)
def test_marks_that_join_nothing_leave_the_batch_as_it_is(text):
    batch = batch_of(text)
    assert attribute(batch) is batch


def test_a_batch_without_marks_stays_as_it_is():
    batch = schema.batch("activity", {"seq": pa.array([1], pa.int64())})
    assert attribute(batch) is batch


def test_every_column_that_marks_fill_is_one_of_the_schema():
    assert set(marks.FILLED) <= {c.name for c in schema.ACTIVITY}


def test_types_are_the_pipelines():
    result = attribute(batch_of({"CODEX_TOOL_CALL_ID": "x"}, None))
    assert result.schema.field("tool_call").type == schema.DICTIONARY
    assert result.schema.field("join_confidence").type == pa.float64()
