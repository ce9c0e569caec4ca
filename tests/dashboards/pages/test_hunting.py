"""The hunting page: catalogue, one hunt with what it finds, SQL of one's own; each question is recorded with its text."""

from __future__ import annotations

import pytest

from dashboards.interface import Role
from queries.hunting import hunts

ALL = {"since": "3650d"}


def test_the_catalogue_is_there(stage):
    at = stage.page("hunting", query=ALL)
    assert not at.exception
    assert len(at.dataframe[0].value) == len(hunts())


def test_a_hunt_finds_what_the_lake_has_and_is_recorded(stage, journal):
    at = stage.page("hunting", query={**ALL, "hunt": "denial_burst"})
    assert not at.exception
    next(b for b in at.button if b.label == "Hunt").click().run()
    assert not at.exception
    assert any("**1** rows" in m.value or "rows in" in m.value for m in at.markdown)
    assert len(at.dataframe) >= 1
    [row] = journal.acts("search")
    assert (row["object"], row["outcome"]) == ("hunt:denial_burst", "success")
    assert "SELECT" in row["detail"]["sql"]


def test_sql_is_answered_and_recorded(stage, journal):
    at = stage.page("hunting", query=ALL)
    at.segmented_control[0].set_value("SQL").run()
    at.text_area[0].set_value("SELECT count(*) AS n FROM activity").run()
    next(b for b in at.button if b.label == "Run").click().run()
    assert not at.exception
    wanted = stage.ports.lake.query("SELECT count(*) AS n FROM activity")["n"][0].as_py()
    assert next(d.value for d in at.dataframe if list(d.value.columns) == ["n"])["n"][0] == wanted
    assert journal.acts("search")[-1]["detail"]["sql"] == "SELECT count(*) AS n FROM activity"


@pytest.mark.parametrize("sql", ["COPY activity TO '/tmp/x'", "SELECT nothing", "DROP TABLE x"])
def test_what_cannot_be_asked_is_one_line(stage, journal, sql):
    at = stage.page("hunting", query=ALL)
    at.segmented_control[0].set_value("SQL").run()
    at.text_area[0].set_value(sql).run()
    next(b for b in at.button if b.label == "Run").click().run()
    assert not at.exception
    assert at.error
    assert journal.acts("search")[-1]["outcome"] == "failure"


def test_a_viewer_is_refused(stage, journal):
    at = stage.page("hunting", role=Role.viewer)
    assert "needs the role analyst" in at.code[0].value
    assert not at.dataframe


def test_a_hunt_that_is_not_there_is_said(stage):
    at = stage.page("hunting", query={"hunt": "nothing"})
    assert not at.exception
    assert at.warning
