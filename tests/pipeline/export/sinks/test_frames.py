"""Bytes from columns, compared with what Python's own json makes of the same values."""

from __future__ import annotations

import json
from decimal import Decimal

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export.sinks import frames
from tests.receivers.events import HOSTILE, batch

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)


@settings(deadline=None)
@given(st.lists(TEXT, max_size=8))
def test_texts_become_json_strings_that_read_back(texts):
    made = batch(payloads=texts, json_payloads=False) if texts else batch(0, json_payloads=False)
    read = [json.loads(v) for v in frames.events(made).to_pylist()]
    assert read == texts
    assert all(b"\n" not in v for v in frames.events(made).to_pylist())


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**52), max_size=20))
def test_seconds_are_exact(micros):
    found = frames.seconds(pa.array(micros, pa.timestamp("us"))).to_pylist()
    assert [Decimal(t) for t in found] == [Decimal(m) / 1_000_000 for m in micros]


def test_seconds_of_nothing_are_nothing():
    assert frames.seconds(pa.array([None], pa.timestamp("us"))).to_pylist() == [None]


def test_lines_and_arrays_of_slices():
    part = batch(payloads=HOSTILE).slice(1, 3)
    assert bytes(frames.lines(part)).decode() == "".join(p + "\n" for p in HOSTILE[1:4])
    assert json.loads(frames.array(part)) == [json.loads(p) for p in HOSTILE[1:4]]
    assert bytes(frames.lines(batch(0))) == b""


def test_null_is_nothing_and_distinct_values_are_asked_once():
    rows = frames.rows_of(b"<", pa.array(["a", None]), b">")
    assert rows.to_pylist() == [b"<a>", b"<>"]
    asked = []
    made = frames.by_distinct(pa.array(["a", None, "a"]), lambda v: asked.append(v) or frames.json_string(v))
    assert made.to_pylist() == ['"a"', "null", '"a"']
    assert len(asked) == 2
