from __future__ import annotations

import duckdb
import pytest

from pipeline.detect.narrowing import narrowed
from pipeline.detect.needs import needs

COLUMNS = {name: frozenset({"path", "op", "n"}) for name in ("base", "files", "whole")}


@pytest.fixture
def connection():
    made = duckdb.connect()
    made.execute(
        "CREATE TABLE rows AS SELECT n, '/f' || n % 10 AS path, ['read', 'write'][1 + n % 2] AS op FROM range(100) AS r(n)"
    )
    made.execute("CREATE VIEW base AS SELECT * FROM rows")
    made.execute("CREATE VIEW files AS SELECT * FROM base WHERE n < 50")
    made.execute("CREATE TABLE whole AS SELECT * FROM base")
    return made


def narrow(connection, *questions, whole=("whole",)):
    readings = {r for q in questions for r in needs(connection, q, COLUMNS).readings}
    before = [connection.execute(q).fetchall() for q in questions]
    for statement in narrowed(["base", "files", "whole"], readings, whole):
        connection.execute(statement)
    assert [sorted(connection.execute(q).fetchall()) for q in questions] == [sorted(b) for b in before]


def count(connection, name):
    return connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]


def test_rows_that_fit_no_reading_are_left_out_and_answers_stay(connection):
    narrow(
        connection,
        "SELECT n FROM base WHERE op = 'read' AND n < 3",
        "SELECT n FROM base WHERE path = '/f9'",
        "SELECT n FROM whole",
    )
    assert (count(connection, "base"), count(connection, "whole")) == (2 + 10, 100)
    with pytest.raises(duckdb.CatalogException):
        count(connection, "files")


def test_a_column_that_all_ask_about_is_asked_about_by_value(connection):
    narrow(
        connection, "SELECT n FROM files WHERE path = '/f1' AND op = 'read'", "SELECT n FROM files WHERE path LIKE '%2'"
    )
    assert count(connection, "files") == 10  # every row with one of the two paths


def test_a_reading_without_conditions_keeps_every_row(connection):
    narrow(connection, "SELECT n FROM files", "SELECT n FROM files WHERE path = '/f1'")
    assert count(connection, "files") == 50
