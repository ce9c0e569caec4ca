"""The sample lake: each page has something to show, the same seed makes the same, and an existing folder is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lictor.quarantining import listed, vault_of
from pipeline.lake.reader import Lake
from queries.catalog import views
from tools import sample_lake

NOW = datetime(2026, 11, 26, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "lake"
    return folder, sample_lake.make(folder, now=NOW, days=2, scale=1)


@pytest.fixture(scope="module")
def ask(made):
    lake = Lake(made[0], views=views())
    return lambda sql: lake.query(sql).to_pylist()


def test_runs_are_spread_over_hosts_and_days_and_some_go_on(made, ask):
    runs = ask("SELECT run, host, state, started, ended, events FROM runs")
    assert {r["run"] for r in runs} == {r.id for r in made[1]}
    assert len({r["host"] for r in runs}) > 2
    assert any(r["state"] == "started" and r["ended"] is None and r["events"] for r in runs)
    assert all(NOW - timedelta(days=3) < r["started"] < NOW for r in runs)
    assert ask("SELECT count(*) AS n FROM activity")[0]["n"] == sum(r["events"] for r in runs)


def test_nothing_happens_after_now(ask):
    assert ask("SELECT max(time) AS last FROM activity")[0]["last"] < NOW


@pytest.mark.parametrize("table", ["findings", "actions", "console", "policies", "coverage", "processes", "requests"])
def test_no_table_is_empty(ask, table):
    assert ask(f"SELECT count(*) AS n FROM {table}")[0]["n"] > 0


def test_rows_of_a_host_have_numbers_of_their_own(ask):
    twice = ask(
        "SELECT host, class, seq FROM activity GROUP BY ALL HAVING count(*) > 1 AND count(DISTINCT boot_id) = 1"
    )
    assert twice == []


def test_coverage_delivers_what_the_lake_holds(ask):
    counted = ask("SELECT sum(delivered) AS n FROM coverage WHERE source = 'ebpf'")[0]["n"]
    assert counted == ask("SELECT count(*) AS n FROM activity")[0]["n"]


def test_a_question_waits_with_the_smallest_change(ask):
    waiting = ask("SELECT change FROM requests WHERE state = 'waiting'")
    assert waiting
    assert all("known-hosts-only" in w["change"] for w in waiting)


def test_files_can_be_given_back(made):
    assert [r["state"] for r in listed(vault_of(made[0])).to_pylist()] == ["taken", "taken"]


def test_the_count_is_that_of_the_lake(made, ask):
    assert sample_lake.counted(made[0])["activity"] == ask("SELECT count(*) AS n FROM activity")[0]["n"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(FileExistsError, match="not empty"):
        sample_lake.make(tmp_path, now=NOW)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
