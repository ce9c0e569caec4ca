"""The overview: its numbers are the lake's, and each leads to its rows."""

from __future__ import annotations

from dashboards.interface import Role

ALL = {"since": "3650d"}


def metric(at, label):
    return next(m.value for m in at.metric if m.label == label)


def test_numbers_are_those_of_the_lake(stage, lake):
    at = stage.page("overview", query=ALL)
    assert not at.exception
    denied = lake.query(
        "SELECT count(*) AS n FROM activity WHERE verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill')"
    )["n"][0].as_py()
    found = lake.query("SELECT count(DISTINCT id) AS n FROM findings")["n"][0].as_py()
    assert denied > 0
    assert found > 0
    assert metric(at, "Denials") == f"{denied:,}"
    assert metric(at, "New findings") == f"{found:,}"
    assert metric(at, "Events lost") == "0"
    assert len(at.metric) <= 6


def test_filters_narrow_the_numbers(stage):
    at = stage.page("overview", query={**ALL, "agents": ["nobody"]})
    assert not at.exception
    assert metric(at, "Denials") == "0"


def test_an_empty_time_says_why(stage):
    at = stage.page("overview", query={"since": "2020-01-01", "until": "2020-01-02"})
    assert not at.exception
    assert any("lictor run" in t.value for t in at.text)


def test_a_viewer_sees_numbers_and_no_command_lines(stage):
    at = stage.page("overview", query=ALL, role=Role.viewer)
    assert not at.exception
    assert all("session.sh" not in d.value.to_string() for d in at.dataframe)
