from __future__ import annotations

import re

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.lake import engine, snapshot
from pipeline.lake.errors import QueryError
from pipeline.lake.rows import tidy
from pipeline.lake.writer import LakeWriter


@pytest.fixture
def ask(tmp_path):
    def ask(sql, *, views=None, limit=None, max_bytes=1 << 28):
        connection = engine.connect(tmp_path, 1 << 30)
        engine.define(connection, tmp_path, snapshot.take(tmp_path, schema.TABLES), views or {})
        return engine.fetch(connection, sql, limit, max_bytes)

    return ask


@pytest.fixture
def lake(tmp_path):
    with LakeWriter(tmp_path, "vm") as writer:
        yield writer


QUERIES = [
    "SELECT * FROM activity ORDER BY seq",
    "SELECT seq FROM activity WHERE path = '/data/7' ORDER BY seq",
    "SELECT seq FROM activity WHERE path IN ('/data/7', '/data/9', 'none') ORDER BY seq",
    "SELECT seq FROM activity WHERE path LIKE '%/1%' AND verdict IS NULL ORDER BY seq",
    "SELECT seq FROM activity WHERE verdict = 'deny' OR verdict IS NOT NULL ORDER BY seq",
    "SELECT seq FROM activity WHERE verdict <> 'deny' ORDER BY seq",
    "SELECT seq FROM activity WHERE cmdline IS NULL AND errno > 0 ORDER BY seq",
    "SELECT agent_run, operation, count(*) n, min(time), max(time_ns), sum(errno) FROM activity GROUP BY ALL ORDER BY 1",
    "SELECT a.seq FROM activity a JOIN activity b ON a.seq = b.seq + 1 AND a.agent_run > b.agent_run ORDER BY 1",
    "SELECT time FROM activity WHERE time >= '2026-09-21 14:13:20.020Z' ORDER BY time LIMIT 5",
    "SELECT lower(path) p, seq FROM activity WHERE path > '/data/3' AND seq BETWEEN 10 AND 40 ORDER BY p, seq",
    "SELECT DISTINCT ON (path) path, seq FROM activity ORDER BY path, seq DESC",
]


def test_logs_and_segments_give_the_same_answers(ask, lake, rows, dictionary):
    """The same rows as dictionary-encoded Arrow, as Parquet, and half and half."""
    parts = [
        rows(40),
        rows(30, 40, verdict=dictionary(["deny", None, "allow"] * 10)),
        rows(30, 70, path=dictionary([None, "", "/data/7", "it's", "ü"] * 6)),
    ]
    answers = []
    for part in parts:
        lake.append("activity", part)
        lake.sync()
    answers.append([ask(q) for q in QUERIES])
    lake.seal()
    answers.append([ask(q) for q in QUERIES])
    for sealed, live in zip(answers[1], answers[0], strict=True):
        assert sealed.equals(live)
    assert answers[0][0].num_rows == 100
    assert [a.num_rows > 0 for a in answers[0]] == [True] * len(QUERIES)


def test_columns_come_in_the_order_and_types_of_the_schema(ask, lake, rows):
    assert set(engine.BASE_TABLES.values()) == set(schema.TABLES)
    assert {"runs", "requests"}.isdisjoint(engine.BASE_TABLES), "these names are left to views"
    for name, table in engine.BASE_TABLES.items():
        assert ask(f"SELECT * FROM {name}").schema.equals(schema.lake_schema(table))
    lake.append("activity", rows(2))
    lake.seal()
    lake.append("activity", rows(2, 2))
    lake.sync()
    both = ask("SELECT * FROM activity ORDER BY seq")
    assert both.schema.equals(schema.lake_schema("activity"))
    expected = schema.conform(pa.Table.from_batches([rows(4)]), "activity")
    assert both.equals(expected)


def test_segments_of_an_older_schema_lack_a_column(ask, lake, rows, monkeypatch):
    full = schema.TABLES["activity"]
    with monkeypatch.context() as older:
        older.setitem(schema.TABLES, "activity", tuple(c for c in full if c.name not in {"labels", "errno"}))
        lake.append("activity", pa.table({"seq": pa.array([1])}))
        lake.seal()
    lake.append("activity", rows(1, 5))
    lake.seal()
    table = ask("SELECT seq, errno, labels FROM activity ORDER BY seq")
    assert table.to_pylist() == [
        {"seq": 1, "errno": None, "labels": None},
        {"seq": 5, "errno": 13, "labels": None},
    ]


def test_the_newest_rows_are_read_first_however_late_their_log_was_sealed(ask, lake, rows):
    for first in (100, 300, 0, 200):
        lake.append("activity", rows(5, first))
        lake.seal()
    files = re.findall(r"read_parquet\(\[(.*?)\]", base_sql(lake.root))[0].split(", ")
    held = [min(pq.read_table(f.strip("'"), partitioning=None)["seq"].to_pylist()) for f in files]
    assert held == [300, 200, 100, 0]


def base_sql(root):
    return engine.base_query(root, "activity", snapshot.take(root, ["activity"]).segments)


@given(st.integers(0, 12))
def test_live_rows_pads_every_column(count):
    table = engine.live_rows("activity", [tidy("activity", pa.table({"pid": pa.array([1] * count, pa.int32())}))] * 2)
    assert table.schema.equals(schema.memory_schema("activity"))
    assert table.num_rows == 2 * count


def test_a_limit_is_a_limit(ask, lake, rows):
    lake.append("activity", rows(100))
    lake.sync()
    assert ask("SELECT * FROM activity", limit=7).num_rows == 7
    assert ask("SELECT * FROM activity", limit=0).num_rows == 0
    assert ask("SELECT * FROM activity", limit=1000).num_rows == 100
    assert ask("SELECT range FROM range(120000)", limit=60_000).num_rows == 60_000


def test_a_limit_ends_a_query_that_never_would(ask):
    assert ask("SELECT range FROM range(1000000000000)", limit=10).num_rows == 10


def test_a_large_result_is_refused(ask):
    with pytest.raises(QueryError, match=r"larger than 1 MiB: add a LIMIT"):
        ask("SELECT range FROM range(1000000)", max_bytes=1 << 20)


@pytest.mark.parametrize(
    "sql",
    ["COPY (SELECT 1) TO 'x'", "SET threads = 1", "CREATE TABLE x AS SELECT 1", "SELECT 1; SELECT 2", "", "PRAGMA version",
     "ATTACH 'x'", "DROP VIEW activity", "INSTALL httpfs", "CALL pragma_version()", "EXPORT DATABASE 'x'"],
)  # fmt: skip
def test_only_one_question_is_allowed(ask, sql):
    with pytest.raises(QueryError, match=r"one SELECT or EXPLAIN is allowed"):
        ask(sql)


@pytest.mark.parametrize("sql", ["EXPLAIN SELECT 1", "DESCRIBE activity", "SHOW TABLES", "FROM activity", "VALUES (1)"])
def test_questions_in_other_words_are_allowed(ask, sql):
    ask(sql)


def test_sums_are_whole_numbers_where_they_fit(ask):
    table = ask("SELECT sum(range) s, sum(range::HUGEINT * 100000000000000000) huge FROM range(1000)")
    assert table.schema.field("s").type == pa.int64()
    assert table.to_pylist() == [{"s": 499500, "huge": 49950000000000000000000}]


def test_views_stand_on_each_other_and_a_broken_one_is_named(ask):
    views = {"one": "SELECT 1 AS a", "two": "SELECT a + 1 AS b FROM one"}
    assert ask("SELECT b FROM two", views=views).to_pylist() == [{"b": 2}]
    with pytest.raises(QueryError, match=r"^view bad: .*nowhere"):
        ask("SELECT 1", views={"bad": "SELECT * FROM nowhere"})


def test_only_views_that_are_named_are_made():
    views = {"a": "SELECT 1", "b": "SELECT * FROM a", "c": "SELECT * FROM b", "d": "SELECT 2"}
    assert list(engine.needed_views("SELECT * FROM C", views)) == ["a", "b", "c"]
    assert list(engine.needed_views('SELECT * FROM "d"', views)) == ["d"]
    assert engine.needed_views("SELECT abc FROM activity", views) == {}
    assert engine.needed_views("SHOW TABLES", views) == views


SECOND_LINE = [
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/root/**')",
    "SELECT * FROM glob('/**')",
    "WITH x AS (COPY (SELECT 1) TO '/tmp/lictor-second-line.csv') SELECT 1",
    "SELECT getenv('HOME')",
    "SELECT * FROM python_variable",
    "SELECT * FROM read_csv('https://example.invalid/x.csv')",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    "WITH x AS (INSERT INTO _live_activity SELECT 1) SELECT 1",
    "SELECT * FROM sqlite_scan('/etc/x', 'y')",
    "SELECT * FROM query('COPY (SELECT 1) TO ''/tmp/lictor-second-line.csv''')",
]


@pytest.mark.parametrize("sql", SECOND_LINE)
def test_the_second_line_refuses_what_lies_outside(ask, sql):
    python_variable = pa.table({"x": [1]})
    assert python_variable.num_rows
    try:
        table = ask(sql)
    except (duckdb.Error, QueryError):
        return
    assert "glob" in sql
    assert table.num_rows == 0


def test_settings_are_locked(tmp_path):
    connection = engine.connect(tmp_path, 1 << 30)
    engine.define(connection, tmp_path, snapshot.Snapshot(), {})
    for sql in ("SET enable_external_access = true", "RESET lock_configuration", "SET allowed_directories = ['/']"):
        with pytest.raises(duckdb.Error):
            connection.execute(sql)
