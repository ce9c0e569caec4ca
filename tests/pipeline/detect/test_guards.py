from __future__ import annotations

import duckdb
import pytest

from pipeline.detect.guards import Guards
from pipeline.detect.needs import NOTHING, needs

COLUMNS = {name: frozenset({"a", "b"}) for name in ("few", "many")}
BOTH = "SELECT few.a FROM few JOIN many ON true WHERE few.a = {} AND many.b = 'it''s'"


@pytest.fixture
def connection():
    made = duckdb.connect()
    made.execute("CREATE TABLE few AS SELECT 1 AS a, 'x' AS b")
    made.execute("CREATE TABLE many AS SELECT 2 AS a, 'it''s' AS b")
    return made


def asked(connection, sql, guards):
    text = guards.guarded(needs(connection, sql, COLUMNS), sql)
    for statement in guards.statements:
        connection.execute(statement)
    return connection.sql(text).to_arrow_table()


def test_a_question_that_has_what_it_needs_is_asked(connection):
    assert asked(connection, BOTH.format(1), Guards("g")).to_pylist() == [{"a": 1}]


def test_one_that_lacks_something_is_not_even_planned(connection):
    guards = Guards("g", ["few"])
    text = guards.guarded(needs(connection, BOTH.format(7), COLUMNS), "SELECT * FROM nowhere")
    for statement in guards.statements:
        connection.execute(statement)
    assert connection.sql(text).fetchall() == []


def test_what_is_cheap_is_looked_for_first_and_in_vain_for_all(connection):
    guards = Guards("g", ["few"])
    guards.condition(needs(connection, BOTH.format(7), COLUMNS))
    first, second = guards.statements
    assert '"few"' in first
    assert "getvariable('g0')" in second
    connection.execute(first)
    assert (
        "many"
        not in connection.execute(f"EXPLAIN {second.partition('(SELECT')[2].join(['SELECT', ''])[:-1]}").fetchall()[0][
            1
        ]
    )


def test_what_two_questions_need_is_looked_for_once(connection):
    guards = Guards("g")
    for sql in ("SELECT a FROM few WHERE a = 1", "SELECT b FROM few WHERE a = 1"):
        guards.condition(needs(connection, sql, COLUMNS))
    assert len(guards.statements) == 1


def test_relations_that_are_not_there_come_along(connection):
    guards = Guards("g", (), {"other": "SELECT a FROM few"})
    sql = "SELECT a FROM other WHERE a = 1"
    text = guards.guarded(needs(connection, sql, {"other": frozenset("a")}), "SELECT 5 AS a")
    for statement in guards.statements:
        connection.execute(statement)
    assert connection.sql(text).fetchall() == [(5,)]


def test_what_needs_nothing_is_always_asked(connection):
    guards = Guards("g")
    assert connection.sql(guards.guarded(NOTHING, "SELECT 'it''s' AS a")).fetchall() == [("it's",)]
    assert guards.statements == []
