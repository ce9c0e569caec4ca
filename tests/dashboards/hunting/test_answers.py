"""An answer is rows, one of which can be opened with what it rests on, a chart of any shape of result, and an export of all of it."""

from __future__ import annotations

import pytest

from dashboards.hunting import answers, editor
from dashboards.interface import Role
from dashboards.parts import jobs
from dashboards.workbench import ROWS
from tests.dashboards.conftest import texts

HOSTILE = "chr(27) || '[31m' || chr(10) || '<script>**' || chr(8238)"


@pytest.fixture
def ask(stage, settled):
    def run(sql, role=Role.analyst):
        at = stage.page("hunting", role=role, query={"sql": sql})
        assert not at.exception
        return settled(at.button(key=f"{editor.KEY}_run").click().run())

    return run


def rows(at):
    return next(d.value for d in at.dataframe if "meaning" not in d.value.columns)


def answer(stage):
    return jobs.jobs.find(stage.account, editor.KEY).result


def click(at, key):
    at.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    return at.run()


def test_rows_are_those_of_the_lake_and_their_number_is_told(ask, lake):
    at = ask("SELECT count(*) AS n FROM activity")
    assert rows(at)["n"].tolist() == lake.query("SELECT count(*) AS n FROM activity")["n"].to_pylist()
    assert "**1** rows" in texts(at)


def test_hostile_text_is_nowhere_but_in_cells_and_code(ask, stage):
    at = ask(f'SELECT {HOSTILE} AS x, {HOSTILE} AS "<b>\n", 2 AS n')
    assert rows(at).columns.tolist() == ["x", r"<b>\n", "n"]
    assert rows(at)["x"][0] == r"\x1b[31m\n<script>**\u202e"
    at = click(at, answers.row_key(editor.KEY, answer(stage)))
    assert not at.exception
    assert not [m.value for m in at.markdown if "script" in m.value]
    at.segmented_control(key=f"{editor.KEY}_view").set_value(answers.CHART_VIEW).run()
    at.selectbox(key=f"{editor.KEY}_colour").select("x").run()
    assert not at.exception


def test_any_shape_of_result_is_shown(ask, stage):
    at = ask(
        "SELECT 1 AS a, 2 AS a, [1] AS l, {'k': 1} AS s, map {'k': 1} AS m, INTERVAL 1 DAY AS i, '\\xFF'::BLOB AS b, NULL AS n"
    )
    assert not at.exception
    assert rows(at).columns.tolist() == ["a", "a (2)", "l", "s", "m", "i", "b", "n"]
    at = click(at, answers.row_key(editor.KEY, answer(stage)))
    assert not at.exception
    shown = next(d.value for d in at.dataframe if "Meaning" in d.value.columns)
    assert shown["Field"].tolist() == ["a", "a (2)", "l", "s", "m", "i", "b"]
    at.segmented_control(key=f"{editor.KEY}_view").set_value(answers.CHART_VIEW).run()
    for over in at.selectbox(key=f"{editor.KEY}_x").options:
        at.selectbox(key=f"{editor.KEY}_x").select(over).run()
        assert not at.exception, over


def test_no_rows_say_so(ask):
    at = ask("SELECT time FROM activity WHERE false")
    assert "Nothing is so in this time." in texts(at)
    assert "**0** rows" in texts(at)


def test_more_rows_than_are_shown_are_told_and_exported(ask, journal):
    at = ask(f"SELECT range AS n FROM range({ROWS + 7})")
    assert f"**More than {ROWS:,}** rows" in texts(at)
    at.button(key=f"{editor.KEY}_export_make").click().run()
    assert journal.acts("export")[-1]["detail"]["rows"] == ROWS + 7
    assert "FROM range" in journal.acts("export")[0]["detail"]["sql"]


def test_the_answer_of_somebody_else_is_not_shown(ask, stage):
    ask("SELECT 'secret' AS x")
    stage.account = type(stage.account)("eve", Role.admin, "local")
    at = stage.page("hunting", query={"part": "sql"})
    assert not [d for d in at.dataframe if "x" in d.value.columns]


def test_a_row_with_a_run_leads_to_it(ask, stage, lake):
    run = lake.query("SELECT min(agent_run) AS r FROM activity")["r"][0].as_py()
    at = click(ask(f"SELECT '{run}' AS run"), answers.row_key(editor.KEY, answer(stage)))
    assert not at.exception
    assert [link.label for link in at.get("page_link")].count("Run") == 1
