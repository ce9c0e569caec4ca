from __future__ import annotations

import duckdb
import pytest

from pipeline.detect.relations import NUMBER, asked_for, columns_of, made_once

RELATIONS = {
    "base": "SELECT *, {'a': exe} AS row_id FROM activity",
    "execs": "SELECT * FROM base WHERE operation = 'exec'",
}


@pytest.fixture
def connection():
    made = duckdb.connect()
    made.execute(
        "CREATE TABLE activity AS SELECT * FROM (VALUES ('a', 'p', 'exit', 7), ('b', 'q', 'exec', 8))"
        f" AS t(exe, path, operation, {NUMBER})"
    )
    return made


def columns(connection, name):
    return [c[0] for c in connection.execute(f"SELECT * FROM {name}").description]


def test_columns_that_no_text_names_are_left_out(connection):
    text = "SELECT Exe, row_id FROM execs WHERE exe <> 'path' -- path"
    for statement in made_once(RELATIONS, [text]):
        connection.execute(statement)
    assert columns(connection, "execs") == ["exe", "operation", "row_id"]
    assert connection.execute(text).fetchall() == [("b", {"a": "b"})]


def test_numbered_rows_stand_for_their_identity(connection):
    for statement in made_once(RELATIONS, ["SELECT exe, row_id FROM execs"], numbered=True):
        connection.execute(statement)
    assert connection.execute("SELECT exe, row_id FROM base").fetchall() == [("a", 7), ("b", 8)]


def test_those_that_are_named_become_tables(connection):
    for statement in made_once(RELATIONS, ["SELECT exe FROM execs"], ["execs"]):
        connection.execute(statement)
    kinds = dict(connection.execute("SELECT table_name, table_type FROM information_schema.tables").fetchall())
    assert (kinds["base"], kinds["execs"]) == ("VIEW", "BASE TABLE")


def test_columns_are_those_of_activity_and_what_is_added():
    known = columns_of({"base": "SELECT *, exe AS More FROM activity", "Few": "SELECT exe FROM base"})
    assert known["base"] > {"more", "exe", "time_ns"}
    assert known["few"] == {"exe"}
    assert columns_of({"base": "SELECT * FROM nowhere"}) == {}


def test_words_in_texts_and_comments_do_not_count():
    assert asked_for(["SELECT a.B, 'it''s c' /* d\n e */ FROM f -- g", "h"]) == {"select", "a", "b", "from", "f", "h"}
