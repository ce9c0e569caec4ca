"""The editor asks what stands in it, read-only, recorded, and its address holds what was asked."""

from __future__ import annotations

import pytest

from dashboards.hunting import editor
from dashboards.hunting.schemas import relations
from dashboards.interface import DashboardError


def text(at):
    return at.text_area[0]


def run(at):
    return at.button(key=f"{editor.KEY}_run")


def test_the_address_fills_the_editor_and_asks_nothing(stage, journal):
    at = stage.page("hunting", query={"sql": "SELECT 1 AS mine"})
    assert text(at).value == "SELECT 1 AS mine"
    assert journal.acts("search") == []
    assert not [d for d in at.dataframe if "mine" in d.value.columns]


def test_what_is_asked_stands_in_the_address(stage, settled, journal):
    at = stage.page("hunting", query={"part": "sql"})
    assert text(at).value == editor.FIRST
    text(at).set_value("SELECT 7 AS n").run()
    settled(run(at).click().run())
    assert at.query_params["sql"] in ("SELECT 7 AS n", ["SELECT 7 AS n"])
    assert text(at).value == "SELECT 7 AS n"
    assert journal.acts("search")[0]["detail"]["sql"] == "SELECT 7 AS n"


def test_a_long_text_is_asked_but_stands_in_no_address(stage, settled):
    long = "SELECT 1 AS n -- " + "x" * editor.IN_ADDRESS
    at = stage.page("hunting", query={"part": "sql"})
    text(at).set_value(long).run()
    settled(run(at).click().run())
    assert "sql" not in at.query_params
    assert text(at).value == long
    assert [d for d in at.dataframe if "n" in d.value.columns]


@pytest.mark.parametrize(
    "sql",
    ["COPY activity TO '/tmp/x'", "SELECT nothing", "DROP TABLE x", "SELECT 1; SELECT 2", "SELECT * FROM read_csv('/etc/passwd')",
     "ATTACH 'x'", "INSTALL httpfs", "SET memory_limit = '1TB'", "(", "SELECT getenv('HOME')"],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_line(stage, settled, journal, sql):
    at = stage.page("hunting", query={"sql": sql})
    settled(run(at).click().run())
    assert not at.exception
    assert [e.value for e in at.error] == ["This could not be shown."]
    assert len(at.code[-1].value.splitlines()) == 1
    assert journal.acts("search")[-1]["outcome"] == "failure"


def test_what_cannot_be_recorded_is_not_shown(stage, settled, journal, monkeypatch):
    write = journal.write

    def broken(account, act, **columns):
        if act == "search":
            raise DashboardError("the lake cannot be written")
        write(account, act, **columns)

    at = stage.page("hunting", query={"sql": "SELECT 1 AS n"})
    monkeypatch.setattr(journal, "write", broken)
    settled(run(at).click().run())
    assert at.code[-1].value == "the lake cannot be written"
    assert not [d for d in at.dataframe if "n" in d.value.columns]


def test_columns_of_each_relation_stand_beside_it(stage):
    at = stage.page("hunting", query={"part": "sql"})
    assert list(at.selectbox[0].options) == list(relations())
    at.selectbox[0].select("findings").run()
    shown = next(d.value for d in at.dataframe if "meaning" in d.value.columns)
    assert shown["column"].tolist() == list(relations()["findings"].columns)
    assert any("FROM findings" in c.value for c in at.code)


def test_a_search_is_saved_with_its_text(stage, journal):
    at = stage.page("hunting", query={"sql": "SELECT 1 AS mine"})
    at.text_input(key="hunting_save_name").set_value("Mine").run()
    at.button(key="hunting_save").click().run()
    [row] = journal.acts("save_search")
    assert (row["page"], row["object"], row["detail"]) == ("hunting", "Mine", {"query": {"sql": ["SELECT 1 AS mine"]}})
    assert not at.exception
