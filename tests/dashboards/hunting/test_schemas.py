"""What stands beside the editor can be asked just so: every name, every column, every type."""

from __future__ import annotations

import pytest

from dashboards.hunting.schemas import relations
from pipeline.lake.engine import BASE_TABLES

SHORT = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}


@pytest.mark.parametrize("name", list(relations()))
def test_each_relation_is_as_the_lake_has_it(lake, name):
    relation = relations()[name]
    described = lake.query(f'DESCRIBE FROM "{name}"').to_pylist()
    assert [r["column_name"] for r in described] == list(relation.columns)
    said = {r["column_name"]: SHORT.get(r["column_type"], r["column_type"]) for r in described}
    assert {n: t for n, t in relation.types.items() if t} == {n: said[n] for n in relation.types}
    assert all(relation.columns.values())


def test_what_one_begins_with_can_be_asked(lake):
    answers = lake.query_all({name: relation.first() for name, relation in relations().items()})
    assert {name: answer for name, answer in answers.items() if isinstance(answer, Exception)} == {}


def test_every_table_is_there_under_its_own_name():
    own = {"activity_uncounted"}  # how the lake counts by the hour, and nothing that a person asks
    assert set(BASE_TABLES) - own <= set(relations())
    rows = relations()["activity"].rows()
    assert rows.slice(0, 1).to_pylist() == [{"column": "time", "type": "TIMESTAMPTZ", "meaning": "when it happened"}]
