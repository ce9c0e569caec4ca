"""The inventory of agents: one row for each product, host and user; filters, one agent opened, hostile names."""

from __future__ import annotations

import pytest

from dashboards.interface import Ports, Role

ALL = {"since": "3650d"}


@pytest.fixture
def over(stage, sampled, at_hand):
    lake = at_hand(sampled)
    stage.ports = Ports(lake, stage.ports.journal)
    stage.over = lake
    return stage


def rows(at):
    return next(d.value for d in at.dataframe if "level" in d.value.columns)


def test_every_agent_that_ran_is_listed_the_riskiest_first(over):
    at = over.page("agents", query=ALL)
    assert not at.exception
    wanted = over.over.query('SELECT DISTINCT host, "user", agent FROM run_log').num_rows
    shown = rows(at)
    assert len(shown) == wanted
    assert list(shown["risk"]) == sorted(shown["risk"], reverse=True)


def test_an_agent_without_a_policy_is_unmanaged(over):
    at = over.page("agents", query=ALL)
    loose = over.over.query(
        "SELECT DISTINCT agent, host FROM run_log WHERE coalesce(mode, 'none') = 'none'"
    ).to_pylist()
    assert loose
    at.pills[0].set_value(["unmanaged"]).run()
    assert {(r["agent"], r["host"]) for _, r in rows(at).iterrows()} == {(r["agent"], r["host"]) for r in loose}


def test_one_agent_tells_its_runs_and_reasons(over):
    one = over.over.query("SELECT agent_id, runs FROM agents ORDER BY runs DESC LIMIT 1").to_pylist()[0]
    at = over.page("agents", query={**ALL, "agent_id": one["agent_id"]})
    assert not at.exception
    runs = next(d.value for d in at.dataframe if "started" in d.value.columns)
    assert len(runs) == one["runs"]


def test_an_agent_that_is_not_there_is_said(over):
    at = over.page("agents", query={**ALL, "agent_id": "x"})
    assert not at.exception
    assert at.warning


def test_a_viewer_sees_no_command_lines(over):
    one = over.over.query(
        "SELECT agent_id, last_command FROM agents WHERE last_command IS NOT NULL LIMIT 1"
    ).to_pylist()[0]
    at = over.page("agents", query={**ALL, "agent_id": one["agent_id"]}, role=Role.viewer)
    assert not at.exception
    assert all(one["last_command"] not in d.value.to_string() for d in at.dataframe)


def test_an_empty_time_says_what_to_do(over):
    at = over.page("agents", query={"since": "2020-01-01", "until": "2020-01-02"})
    assert not at.exception
    assert any("lictor watch" in t.value for t in at.text)
