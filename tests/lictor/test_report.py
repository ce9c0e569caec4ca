"""A run's report against plain counts over the rows that were written into the lake."""

from collections import Counter

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor import report
from lictor.errors import LictorError
from pipeline import schema
from queries.catalog import views


@pytest.fixture
def query(table):
    """The session in DuckDB, without a lake: the same SQL, asked in this process."""
    conformed = schema.conform(table, "activity")
    rows = [
        {"run": r, "state": s, "time": t, "started": 1}
        for r, s, t in [("r-1", "started", 1), ("r-1", "ended", 9), ("r-2", "started", 5)]
    ]
    run_log = pa.Table.from_pylist(rows, schema=schema.lake_schema("runs"))
    connection = duckdb.connect()
    connection.register("activity", conformed)
    connection.register("run_log", run_log)
    connection.execute(f"CREATE VIEW runs AS {views()['runs']}")
    yield lambda sql: connection.sql(sql).to_arrow_table()
    connection.close()


def test_processes_have_the_counts_of_their_rows(query, made):
    found = report.load(query, {"run": made.run})
    assert [p["pid"] for p in found.processes] == [4001, 4002, 4003, 4005, 4004]
    by_pid = {p["pid"]: p for p in found.processes}
    ok = Counter((r["pid"], r["operation"]) for r in made.rows() if r["outcome"] == "success")
    for pid, process in by_pid.items():
        assert process["reads"] == ok[pid, "file.read"]
        assert process["execs"] == ok[pid, "exec"] == len(process["images"])
        assert process["writes"] == ok[pid, "file.create"] + ok[pid, "file.rename"]
    assert by_pid[4002]["failed"] == 1
    assert by_pid[4004]["connections"] == 2
    assert (by_pid[4003]["signal"], by_pid[4004]["exit_code"]) == (9, 7)
    assert next(i["cmdline"] for i in by_pid[4001]["images"]) == "env codex exec"
    assert {p["parent_key"] for p in found.processes} == {99, 1}
    assert [p["forked"] for p in found.processes] == [False, True, True, True, True]


def test_timeline_and_hidden_add_up_to_every_row(query, made):
    found = report.load(query, {"run": made.run})
    assert sum(row["count"] for row in found.timeline) + found.hidden == len(made.rows())
    assert [r["time"] for r in found.timeline] == sorted(r["time"] for r in found.timeline)
    everything = report.load(query, {"run": made.run}, everything=True)
    assert everything.hidden == 0
    assert {r["object"] for r in everything.timeline} >= {
        "/home/dev/.gitconfig",
        "/home/dev/repo/a → /etc/cron.d/a",
        "[2001:db8::7]:443",
    }
    assert report.load(query, {"run": made.run}, limit=2).hidden == len(made.rows()) - 2


def test_only_the_run_asked_for(query):
    found = report.load(query, {"run": "another' OR 'x' = 'x"})
    assert (found.processes, found.timeline, found.hidden) == ([], [], 0)


@pytest.mark.parametrize(
    ("wanted", "run", "state"), [("last", "r-1", "ended"), ("r-1", "r-1", "ended"), ("r-2", "r-2", "started")]
)
def test_a_run_is_found_in_its_latest_state(query, wanted, run, state):
    found = report.find_run(query, wanted)
    assert (found["run"], found["state"]) == (run, state)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [("r-", "not unique: r-1, r-2"), ("zzz", "no run begins with 'zzz'"), ("'", "no run begins with")],
)
def test_no_run_or_several_is_one_clear_line(query, wanted, text):
    with pytest.raises(LictorError, match=text) as caught:
        report.find_run(query, wanted)
    assert "\n" not in str(caught.value)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_is_one_sql_literal(text):
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT {report.text(text)}").fetchone() == (text,)
