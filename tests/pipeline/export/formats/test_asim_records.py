"""Rows for ASIM of the tables beside ``activity`` against the columns that Microsoft publishes."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats.asim import Asim
from pipeline.export.formats.asim_records import RECORDS, STREAMS
from tests.pipeline.export.formats import asim_judge

PARTS = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def written(table, rows):
    form = Asim()
    return list(
        zip(form.streams(table, rows).to_pylist(), map(json.loads, form.encode(table, rows).to_pylist()), strict=True)
    )


def test_every_table_but_processes_has_rows_and_a_stream():
    assert {"activity", *RECORDS} == Asim.tables == set(schema.TABLES) - {"processes", "console", "activity_hours"}
    assert STREAMS.keys() >= RECORDS.keys()
    assert set(STREAMS.values()) <= asim_judge.tables().keys()


@PARTS
@given(data=st.data())
def test_any_row_fits_the_published_columns(any_rows, data):
    table = data.draw(st.sampled_from(sorted(RECORDS)))
    for stream, row in written(table, data.draw(any_rows(table))):
        assert stream == STREAMS[table]
        assert asim_judge.faults(stream, row) == []


@pytest.mark.parametrize("table", sorted(RECORDS))
def test_nothing_of_a_row_is_lost(table, telling):
    row, values = telling(table)
    (made,) = Asim().encode(table, row).to_pylist()
    clocks = {c.name for c in schema.TABLES[table] if c.type == schema.TIME}
    told = {c: json.loads(v)["k"] if str(v).startswith("{") else v for c, v in values.items() if c not in clocks}
    assert [c for c, v in told.items() if str(v) not in made] == []


def test_finding_is_an_alert_with_its_techniques(make):
    ((_, made),) = written(
        "findings",
        make("findings", {"attack": ["T1059.004,TA0002"], "rule": ["r"], "id": ["f1"], "severity": ["high"]}),
    )
    assert (made["EventType"], made["AlertId"], made["RuleName"], made["EventSeverity"]) == ("Alert", "f1", "r", "High")
    assert "TA0002" in made["AttackTactics"]
    assert "T1059" in made["AttackTechniques"]


def test_results_tell_what_came_of_it(make):
    rows = make("actions", {"enforcement": ["confirmed", "failed", None]})
    assert [made["EventResult"] for _, made in written("actions", rows)] == ["Success", "Failure", "NA"]
    rows = make("coverage", {"lost": [7, 0]})
    assert [(made["EventResult"], made["AdditionalFields"]["lost"]) for _, made in written("coverage", rows)] == [
        ("Partial", 7),
        ("Success", 0),
    ]
