"""What is read off SQL, held against what the SQL answers: without what it needs, nothing."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.needs import NOTHING, needs

RELATIONS = {"e": frozenset({"a", "b", "g"}), "f": frozenset({"a", "b", "g"})}


@pytest.fixture(scope="module")
def connection():
    return duckdb.connect()


def told(connection, sql):
    """Alternatives and all readings, as text."""
    found = needs(connection, sql, RELATIONS)
    said = [sorted(f"{r.relation}: {r.where}" for r in a) for a in found.alternatives]
    return said, None if found.readings is None else sorted(f"{r.relation}: {r.where}" for r in found.readings)


@pytest.mark.parametrize(
    ("sql", "alternatives"),
    [
        ("SELECT * FROM e WHERE a = 1", [["e: ((a = 1))"]]),
        ("SELECT * FROM e AS x JOIN f AS y USING (g) WHERE x.a = 1 AND y.b = 2 AND x.b = y.b", [["e: ((a = 1))", "f: ((b = 2))"]]),
        ("SELECT * FROM e AS x JOIN f AS y USING (g) WHERE a = 1", [["e: true", "f: true"]]),
        ("WITH w AS (SELECT * FROM e WHERE a = 1) SELECT * FROM w, f", [["e: ((a = 1))", "f: true"]]),
        ("SELECT * FROM e AS x LEFT JOIN f AS y USING (g) WHERE x.a = 1 AND y.b IS NULL", [["e: ((a = 1))"]]),
        ("SELECT * FROM e AS x FULL JOIN f AS y USING (g) WHERE x.a = 1", [[]]),
        ("SELECT * FROM e WHERE a = 1 UNION ALL SELECT * FROM f WHERE b = 2", [["e: ((a = 1))"], ["f: ((b = 2))"]]),
        ("SELECT * FROM e EXCEPT SELECT * FROM f", [["e: true"]]),
        ("SELECT count(*) FROM e WHERE a = 1", [[]]),
        ("SELECT g, count(*) FROM e WHERE a = 1 GROUP BY g", [["e: ((a = 1))"]]),
        ("SELECT g, count(*) FROM e WHERE a = 1 GROUP BY ROLLUP (g)", [[]]),
        ("SELECT count(*) OVER () FROM e WHERE a = 1", [["e: ((a = 1))"]]),
        ("SELECT a + 1 AS c FROM e WHERE c = 2", [["e: true"]]),
        ("SELECT * FROM e WHERE a = (SELECT max(a) FROM f)", [["e: true"]]),
        ("SELECT * FROM other JOIN e USING (g)", [["e: true"]]),
        ("WITH RECURSIVE w AS (SELECT g FROM e WHERE a = 1 UNION SELECT f.g FROM w JOIN f ON f.a = w.g) SELECT * FROM w", [["e: ((a = 1))"]]),
        ("SELECT 1", [[]]),
    ],
)  # fmt: skip
def test_what_a_question_needs(connection, sql, alternatives):
    normal = [[r.replace("((", "(").replace("))", ")") for r in a] for a in told(connection, sql)[0]]
    assert normal == [[r.replace("((", "(").replace("))", ")") for r in a] for a in alternatives]


def test_every_reading_counts_and_one_that_may_be_another_thing_leaves_all_unknown(connection):
    assert told(connection, "SELECT * FROM e WHERE a IN (SELECT a FROM f WHERE b = 3)")[1] == [
        "e: true",
        "f: ((b = 3))",
    ]
    assert told(connection, "WITH f AS (SELECT 1 AS g) SELECT * FROM e JOIN f USING (g)")[1] is None


@pytest.mark.parametrize("sql", ["nonsense", "SELECT 1; SELECT 2"])
def test_what_cannot_be_understood_needs_nothing(connection, sql):
    assert needs(connection, sql, RELATIONS) == NOTHING


CONDITIONS = st.sampled_from(
    ["x.a = 1", "y.b = 2", "x.a < y.b", "x.b IS NULL", "y.g = 0", "x.a = 1 OR x.b = 2", "y.a IS NULL"]
)
KINDS = st.sampled_from(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN"])
ROWS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([None, 1, 2]), st.integers(0, 1)), max_size=3)


@settings(max_examples=60, deadline=None)
@given(kind=KINDS, on=st.just("true") | CONDITIONS, conditions=st.lists(CONDITIONS, max_size=3), e=ROWS, f=ROWS)
def test_without_what_it_needs_a_question_has_no_answer(connection, kind, on, conditions, e, f):
    if kind in {"SEMI JOIN", "ANTI JOIN"}:
        conditions = [c for c in conditions if "y." not in c]
    sql = f"SELECT 1 FROM e AS x {kind} f AS y ON x.g = y.g AND ({on}) WHERE {' AND '.join(f'({c})' for c in ['true', *conditions])}"
    for name, rows in (("e", e), ("f", f)):
        connection.execute(f"CREATE OR REPLACE TABLE {name} (a INT, b INT, g INT)")
        if rows:
            connection.executemany(f"INSERT INTO {name} VALUES (?, ?, ?)", rows)

    def there(reading):
        return connection.execute(f"SELECT 1 FROM {reading.relation} WHERE {reading.where} LIMIT 1").fetchall() != []

    if connection.execute(sql).fetchall():
        assert any(all(map(there, a)) for a in needs(connection, sql, RELATIONS).alternatives)
