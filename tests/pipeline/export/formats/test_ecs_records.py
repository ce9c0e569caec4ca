"""ECS documents of the tables beside ``activity`` against the field list that Elastic publishes."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats.ecs import Ecs
from pipeline.export.formats.ecs_records import RECORDS
from tests.pipeline.export.formats import ecs_judge

PARTS = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def documents(table, rows):
    return [json.loads(d) for d in Ecs().encode(table, rows).to_pylist()]


def test_every_table_but_processes_has_documents():
    assert {"activity", *RECORDS} == Ecs.tables == set(schema.TABLES) - {"processes", "console", "activity_hours"}


@PARTS
@given(data=st.data())
def test_any_row_fits_the_published_fields(any_rows, data):
    table = data.draw(st.sampled_from(sorted(RECORDS)))
    for document in documents(table, data.draw(any_rows(table))):
        assert ecs_judge.faults(document) == []


@pytest.mark.parametrize("table", sorted(RECORDS))
def test_nothing_of_a_row_is_lost(table, telling):
    row, values = telling(table)
    (document,) = Ecs().encode(table, row).to_pylist()
    clocks = {c.name for c in schema.TABLES[table] if c.type == schema.TIME}
    told = {c: json.loads(v)["k"] if str(v).startswith("{") else v for c, v in values.items() if c not in clocks}
    assert [c for c, v in told.items() if str(v) not in document] == []


def test_finding_is_an_alert_with_its_techniques(make):
    (document,) = documents(
        "findings",
        make("findings", {"attack": ["T1059.004,TA0002"], "rule": ["r"], "title": ["t"], "severity": ["high"]}),
    )
    assert document["event"]["kind"] == "alert"
    assert document["threat"]["tactic"]["id"] == ["TA0002"]
    assert document["threat"]["technique"] == {"id": ["T1059"], "subtechnique": {"id": ["T1059.004"]}}
    assert (document["rule"]["name"], document["message"], document["lictor"]["severity"]) == ("r", "t", "high")


def test_what_was_done_and_what_came_of_it(make):
    rows = make("actions", {"action": ["kill", "release", "warn"], "enforcement": ["confirmed", "failed", None]})
    found = [(d["event"]["type"], d["event"]["outcome"]) for d in documents("actions", rows)]
    assert found == [(["denied"], "success"), (["allowed"], "failure"), (["info"], "unknown")]


def test_lost_events_are_counted(make):
    lost, none = documents("coverage", make("coverage", {"lost": [7, 0]}))
    assert [(d["event"]["kind"], d["event"]["outcome"], d["lictor"]["lost"]) for d in (lost, none)] == [
        ("metric", "failure", 7),
        ("metric", "success", 0),
    ]
