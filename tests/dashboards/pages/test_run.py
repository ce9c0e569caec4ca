"""The page about runs: the list, one run with its rows and processes, what may be done, and what a viewer does not see."""

from __future__ import annotations

import pytest

from dashboards.interface import Ports, Role
from tests.dashboards.conftest import Orders, texts

ALL = {"since": "3650d"}


@pytest.fixture
def attack(lake):
    """The run with denials."""
    return lake.query("SELECT run, command, events, denied FROM runs ORDER BY denied DESC LIMIT 1").to_pylist()[0]


def metric(at, label):
    return next(m.value for m in at.metric if m.label == label)


def test_all_runs_are_listed(stage, lake):
    at = stage.page("run", query=ALL)
    assert not at.exception
    assert len(at.dataframe[0].value) == lake.query("SELECT count(DISTINCT run) AS n FROM run_log")["n"][0].as_py()


def test_numbers_of_a_run_are_those_of_the_lake(stage, attack):
    at = stage.page("run", query={"run": attack["run"]})
    assert not at.exception
    assert metric(at, "Events") == f"{attack['events']:,}"
    assert metric(at, "Denied") == f"{attack['denied']:,}"
    assert attack["command"] in [c.value for c in at.code]


def test_its_processes_are_a_tree(stage, attack, lake):
    at = stage.page("run", query={"run": attack["run"]})
    wanted = lake.query(f"SELECT count(*) AS n FROM process_tree WHERE agent_run = '{attack['run']}'")["n"][0].as_py()
    tree = next(d.value for d in at.dataframe if "process" in d.value.columns)
    assert len(tree) == wanted


def test_rows_are_filtered_by_the_address(stage, attack, lake):
    stage_ = stage.page("run", query={"run": attack["run"], "verdicts": ["deny"]})
    stage_.session_state["run_tab"] = "Rows"
    stage_.run()
    assert not stage_.exception
    rows = next(d.value for d in stage_.dataframe if "operation" in d.value.columns)
    assert set(rows["verdict"]) == {"deny"}


def test_a_run_that_is_not_there_is_said(stage):
    at = stage.page("run", query={"run": "nothing\n<b>"})
    assert not at.exception
    assert any("no run of this name" in t.value for t in at.text)


def test_a_viewer_sees_no_command_lines(stage, attack):
    at = stage.page("run", query={"run": attack["run"]}, role=Role.viewer)
    assert not at.exception
    assert attack["command"] not in texts(at)
    assert all(attack["command"] not in d.value.to_string() for d in at.dataframe)


def test_what_cannot_be_done_here_says_why(stage, lake):
    run = "20990101-000000-00000000"
    stage.ports = Ports(lake, stage.ports.journal, Orders())
    at = stage.page("run", query={"run": run})
    assert not at.exception
