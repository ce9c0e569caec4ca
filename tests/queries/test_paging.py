"""Questions of pages: their headers say what they are, and every one runs on an empty lake and on a recorded one as its header says."""

from __future__ import annotations

import duckdb
import pytest

from pipeline import schema
from pipeline.lake.reader import Lake
from queries import catalog, paging
from queries.catalog import CatalogError
from queries.paging import bound, pages, parse
from queries.parameters import ParameterError
from tests.dashboards.conftest import recorded  # noqa: F401 - a fixture
from tests.queries.conftest import TABLES, database

GOOD = """-- title: A title
-- answers: A question?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   least: int = 1: at least so many
-- columns:
--   time TIMESTAMPTZ: when
--   names VARCHAR[]: some names
SELECT time, [agent] AS names -- $agents is no parameter in a comment
FROM activity
WHERE time >= $since AND list_contains($agents, agent) AND uid >= $least AND agent <> '$until'
"""
SHORT = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
"""DuckDB's long names of types that headers write short."""


def test_a_question_is_read_with_its_header():
    page = parse("x", GOOD)
    assert (page.title, page.answers) == ("A title", "A question?")
    assert page.columns == {"time": "when", "names": "some names"}
    assert page.types == {"time": "TIMESTAMPTZ", "names": "VARCHAR[]"}
    assert [(p.name, p.type, p.default) for p in page.parameters] == [("agents", "texts", ""), ("least", "int", "1")]


def test_a_question_about_a_whole_table_has_its_columns():
    text = GOOD.replace(GOOD[GOOD.index("-- columns:") : GOOD.index("SELECT")], "-- table: findings\n")
    page = parse("x", text)
    assert list(page.columns) == [c.name for c in schema.TABLES["findings"]]
    assert page.types["time"] == "TIMESTAMPTZ"
    with pytest.raises(CatalogError, match=r"x\.sql: the lake has no table 'nothing'"):
        parse("x", text.replace("table: findings", "table: nothing"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("-- title: A title\n", "", "needs title, answers and columns"), ("$least", "$most", "do not agree about least, most"),
     ("least: int = 1", "least: size = 1", "type 'size'"), ("-- columns:", "-- rows:", "cannot understand '-- rows:'"),
     ("time TIMESTAMPTZ: when", "time: when", "cannot understand")],
)  # fmt: skip
def test_a_header_that_does_not_fit_is_named(old, new, said):
    with pytest.raises(CatalogError, match=said) as refused:
        parse("x", GOOD.replace(old, new))
    assert str(refused.value).startswith("x.sql: ")


def test_a_default_that_is_no_value_is_refused():
    with pytest.raises(ParameterError, match="no whole number"):
        parse("x", GOOD.replace("int = 1", "int = many"))


def test_what_questions_say_alike_stands_once_and_is_put_in():
    page = parse("x", GOOD.replace("uid >= $least", "uid >= $least AND @activity_name <> '@activity_name' -- @nothing"))
    assert "WHEN operation = 'exit' THEN 'Process end'" in page.sql
    assert "<> '@activity_name' -- @nothing" in page.sql
    assert not [p.name for p in pages().values() if "@" in p.sql]
    with pytest.raises(CatalogError, match=r"x\.sql: no piece 'nothing' in queries/pages/shared"):
        parse("x", GOOD.replace("$least", "$least AND @nothing"))


def test_parameters_of_a_piece_are_those_of_the_question():
    assert {"labels", "rule", "activities"} <= {p.name for p in pages()["audit_count"].parameters}
    with pytest.raises(CatalogError, match="do not agree about activities"):
        parse("x", GOOD.replace("uid >= $least", "uid >= $least AND @fits_audit"))


def test_an_activity_has_the_name_that_the_view_gives_it():
    (view,) = [v for v in catalog.load() if v.name == "activity_explorer"]
    assert " ".join(paging.shared("activity_name").split()) in " ".join(view.sql.split())


def test_values_become_literals_and_texts_and_comments_stay(monkeypatch):
    monkeypatch.setattr(paging, "pages", lambda: {"x": parse("x", GOOD)})
    sql = bound("x", {"agents": ["it's", "$until"], "since": "2026-01-31T12:00:00Z"})
    assert "['it''s', '$until']::VARCHAR[]" in sql
    assert "'2026-01-31T12:00:00+00:00'::TIMESTAMPTZ" in sql
    assert "-- $agents is no parameter" in sql
    assert "agent <> '$until'" in sql
    with pytest.raises(CatalogError, match="no parameter 'other'; it has since, until, agents, least"):
        bound("x", {"other": 1})
    with pytest.raises(ParameterError, match="least: 'a' is no whole number"):
        bound("x", {"least": "a"})
    with pytest.raises(CatalogError, match="no question 'y'"):
        bound("y", {})


def with_views(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    for name, sql in catalog.views().items():
        connection.execute(f'CREATE VIEW "{name}" AS {sql}')
    return connection


@pytest.fixture(scope="module")
def empty() -> duckdb.DuckDBPyConnection:
    return with_views(database({}))


@pytest.fixture(scope="module")
def sampled(recorded) -> duckdb.DuckDBPyConnection:  # noqa: F811 - the fixture
    found = Lake(recorded).query_all({t: f"FROM {TABLES.get(t, t)}" for t in schema.TABLES})
    return with_views(database({t: [rows.cast(schema.lake_schema(t))] for t, rows in found.items()}))


@pytest.mark.parametrize("name", sorted(pages()))
def test_each_question_gives_what_its_header_says(name, empty, sampled):
    sql = bound(name, {})
    for connection in (empty, sampled):
        described = connection.execute(f"DESCRIBE {sql}").fetchall()
        assert {column: SHORT.get(kind, kind) for column, kind, *_ in described} == pages()[name].types
        connection.execute(sql).fetchall()


def test_the_recorded_lake_gives_rows_to_look_at(sampled):
    assert sampled.execute(bound("audit_activity", {})).fetchone() is not None
