from __future__ import annotations

import duckdb
import pytest

from pipeline.detect.syntax import bare, columns, conjuncts, parsed, selects, trees, written


@pytest.fixture(scope="module")
def connection():
    return duckdb.connect()


def where(connection, condition):
    return parsed(connection, f"SELECT 1 FROM t AS a WHERE {condition}")["where_clause"]


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT 1; SELECT 2", "DROP TABLE t", ""])
def test_only_a_single_select_has_a_tree(connection, sql):
    assert parsed(connection, sql) is None


@pytest.mark.parametrize(
    "condition",
    [
        "x = 1 AND (y LIKE '%it''s WHERE %' OR z IS NULL)",
        "list_contains(['a', 'b'], regexp_extract(x, '[^/]*$'))",
        "x IN (1, 2)",
    ],
)
def test_a_condition_that_is_written_again_means_the_same(connection, condition):
    tree = where(connection, condition)
    again = where(connection, written(connection, tree))
    assert written(connection, again) == written(connection, tree)
    rows = "(VALUES (1, 'it''s', NULL), (2, 'it''s WHERE x', 'a'), (3, 'b', 'c')) AS v(x, y, z)"
    rows = (
        rows.replace("(1,", "('/bin/a',").replace("(2,", "('b',").replace("(3,", "('1',")
        if "extract" in condition
        else rows
    )
    ask = f"SELECT count(*) FROM {rows} WHERE"
    assert (
        connection.execute(f"{ask} {written(connection, tree)}").fetchall()
        == connection.execute(f"{ask} {condition}").fetchall()
    )


def test_what_must_all_hold_is_taken_apart_and_an_or_is_not(connection):
    parts = [written(connection, c) for c in conjuncts(where(connection, "x = 1 AND (y = 2 AND (z = 3 OR w = 4))"))]
    assert parts == ["(x = 1)", "(y = 2)", "((z = 3) OR (w = 4))"]
    assert list(conjuncts(None)) == []


def test_columns_have_their_tables_until_they_are_bare(connection):
    tree = where(connection, "A.X = b.y")
    assert columns(tree) == [["a", "x"], ["b", "y"]]
    assert columns(bare(tree)) == [["x"], ["y"]]


def test_selects_within_are_the_outermost_ones(connection):
    tree = where(connection, "x IN (SELECT 1 WHERE EXISTS (SELECT 2)) OR y = (SELECT 3 UNION SELECT 4)")
    assert [s["type"] for s in selects(tree)] == ["SELECT_NODE", "SET_OPERATION_NODE"]
    assert sum(t.get("type") == "SELECT_NODE" for t in trees(tree)) == 4
