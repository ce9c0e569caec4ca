from __future__ import annotations

import duckdb
import pytest

from pipeline.detect.relations import NUMBER, asked_for, made_once

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


def test_numbered_rows_stand_for_their_identity_and_lie_by_operation(connection):
    for statement in made_once(RELATIONS, ["SELECT exe, row_id FROM execs"], numbered=True):
        connection.execute(statement)
    assert connection.execute("SELECT exe, row_id FROM base").fetchall() == [("b", 8), ("a", 7)]


def test_words_in_texts_and_comments_do_not_count():
    assert asked_for(["SELECT a.B, 'it''s c' /* d\n e */ FROM f -- g", "h"]) == {"select", "a", "b", "from", "f", "h"}
