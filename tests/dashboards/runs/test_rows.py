"""The tab with the rows of a run: filters of the address are those of the lake; a row is shown whole."""

from __future__ import annotations

import pytest


@pytest.fixture
def run(lake):
    return lake.query("SELECT run FROM runs ORDER BY denied DESC LIMIT 1")["run"][0].as_py()


def shown(stage, **query):
    at = stage.page("run", query=query)
    at.session_state["run_tab"] = "Rows"
    at.run()
    assert not at.exception
    return at, next((d.value for d in at.dataframe if "operation" in d.value.columns), None)


@pytest.mark.parametrize(("query", "where"), [
    ({"classes": ["network"]}, "class = 'network'"), ({"verdicts": ["deny"]}, "verdict = 'deny'"),
    ({"classes": ["file"], "verdicts": ["deny"]}, "class = 'file' AND verdict = 'deny'"),
])  # fmt: skip
def test_filters(stage, lake, run, query, where):
    _, rows = shown(stage, run=run, **query)
    wanted = lake.query(f"SELECT count(*) AS n FROM activity WHERE agent_run = '{run}' AND {where}")["n"][0].as_py()
    assert wanted > 0
    assert len(rows) == wanted


def test_values_that_no_filter_has_are_left_out(stage, run):
    _, rows = shown(stage, run=run, classes=["flying"])
    assert len(rows) > 0


def test_a_row_is_shown_whole_and_that_is_recorded(stage, journal, run):
    at, _ = shown(stage, run=run, verdicts=["deny"])
    at.session_state["run_rows"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    assert any("Meaning" in d.value.columns for d in at.dataframe)
    assert [r["agent_run"] for r in journal.acts("reveal")] == [run]
