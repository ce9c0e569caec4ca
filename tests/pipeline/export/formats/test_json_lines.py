"""Plain JSON against Arrow's own Python values: each column that is not NULL, under its name, and nothing else."""

from __future__ import annotations

import json
import math
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats.identity import envelope
from pipeline.export.formats.json_lines import JsonLines

PARTS = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def agrees(column, got, want):
    if column.type == schema.TIME:
        return 1 <= want.year <= 9999 and datetime.fromisoformat(got) == want
    if column.unit == "JSON":
        return got == want or got == json.loads(want)
    return got == want


def says(value):
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


@PARTS
@given(data=st.data())
def test_any_row_reads_as_it_stands(any_rows, data):
    table = data.draw(st.sampled_from(sorted(JsonLines.tables)))
    rows = data.draw(any_rows(table))
    clocks = [c.name for c in schema.TABLES[table] if c.type == schema.TIME and c.name in rows.schema.names]
    values = [{k: v for k, v in row.items() if says(v)} for row in rows.drop_columns(clocks).to_pylist()]
    for payload, want in zip(JsonLines().encode(table, rows).to_pylist(), values, strict=True):
        got = {k: v for k, v in json.loads(payload).items() if k not in {"table", "event_id", *clocks}}
        assert got.keys() == want.keys()
        columns = {c.name: c for c in schema.TABLES[table]}
        assert all(agrees(columns[k], got[k], want[k]) for k in got)


@pytest.mark.parametrize("table", sorted(JsonLines.tables))
def test_row_that_tells_all(telling, table):
    row, values = telling(table)
    event = json.loads(JsonLines().encode(table, row)[0].as_py())
    assert event.keys() == {"table", "event_id", *values}
    assert event["table"] == table
    assert event["event_id"] == envelope(table, row)["id"][0].as_py()
    moments = [c.name for c in schema.TABLES[table] if c.type == schema.TIME]
    assert all(datetime.fromisoformat(event[m]).timestamp() * 1e6 == values[m] for m in moments)
