"""Every type of record has filters that its question takes, and columns that it gives."""

from __future__ import annotations

import pytest

from dashboards.search.records import ACTIVITIES, FIELDS, IDENTITY, MEANINGS, RECORDS
from pipeline.schema import TABLES
from queries.catalog import load
from queries.paging import pages


@pytest.mark.parametrize("name", RECORDS)
def test_filters_and_columns_are_those_of_the_question(name):
    record, question = RECORDS[name], pages()[f"audit_{name}"]
    parameters = {p.name for p in question.parameters}
    assert {FIELDS[f].parameter for f in record.fields} | set(record.bar) <= parameters
    assert parameters - {FIELDS[f].parameter for f in record.fields} - set(record.bar) <= {
        "content",
        "part",
        "piece",
        "everything",
    }
    assert set(record.columns) <= set(question.columns)
    assert MEANINGS[name]


def test_what_finds_a_row_again_is_in_the_answer():
    assert set(pages()["audit_activity"].columns) >= IDENTITY


def test_activities_are_those_of_the_view():
    view = next(q for q in load() if q.name == "activity_explorer")
    assert view.columns["activity"].replace(" or ", ", ").replace("; Finding", "").split(", ") == list(ACTIVITIES)


def test_states_and_acts_are_those_of_the_schema():
    meanings = {c.name: c.meaning for t in ("requests", "console") for c in TABLES[t]}
    for name, column in (("state", "state"), ("act", "act"), ("result", "outcome")):
        for value in FIELDS[name].options:
            assert value in meanings[column], value
