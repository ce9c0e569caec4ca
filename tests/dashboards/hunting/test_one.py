"""One hunt with its parameters: what it finds is what the catalogue's SQL finds, and each hit leads to its rows."""

from __future__ import annotations

import pytest

from dashboards.hunting import answers, one
from dashboards.parts import jobs
from queries.hunting import bound, hunts
from tests.dashboards.conftest import texts

ALL = {"since": "3650d", "hunt": "denial_burst"}


def hunt(at):
    return next(b for b in at.button if b.label == "Hunt")


def table(at):
    return next(d.value for d in at.dataframe if "denials" in d.value.columns)


def test_what_it_means_is_told_and_nothing_is_asked_yet(stage, journal):
    at = stage.page("hunting", query=ALL)
    meant = hunts()["denial_burst"]
    assert meant.title in texts(at)
    assert meant.false_positives in texts(at)
    assert journal.acts("search") == []


def test_it_finds_what_its_sql_finds_and_is_recorded(stage, settled, journal, lake):
    at = settled(hunt(stage.page("hunting", query=ALL)).click().run())
    assert not at.exception
    wanted = lake.query(bound(hunts()["denial_burst"], {}))
    assert table(at)["denials"].tolist() == wanted["denials"].to_pylist()
    assert table(at).columns.tolist()[:5] == ["time", "host", "agent", "denials", "objects"]
    assert "evidence" not in table(at).columns
    [row] = journal.acts("search")
    assert (row["object"], row["outcome"], row["detail"]["hunt"]) == ("hunt:denial_burst", "success", "denial_burst")
    assert "SELECT" in row["detail"]["sql"]


def test_values_stand_in_the_address_and_in_the_form(stage, settled, journal):
    at = stage.page("hunting", query=ALL)
    next(w for w in at.text_input if w.label == "Many").set_value("100000")
    at = settled(hunt(at).click().run())
    assert at.query_params["p_many"] in ("100000", ["100000"])
    assert next(w for w in at.text_input if w.label == "Many").value == "100000"
    assert "Nothing is so in this time." in texts(at)
    assert journal.acts("search")[0]["detail"]["values"] == {"many": "100000"}
    assert "many = 100000" in texts(at).replace("\\", "")


def test_a_value_that_does_not_fit_is_one_line(stage, journal):
    at = stage.page("hunting", query={**ALL, "p_many": "x' OR 1", "p_nothing": "y\x1b"})
    assert not at.exception
    assert r"p_nothing=y\x1b" in [c.value for c in at.code]
    at = hunt(at).click().run()
    assert not at.exception
    assert any("no whole number" in c.value for c in at.code)
    assert journal.acts("search") == []


def test_a_hit_leads_to_the_rows_that_it_rests_on(stage, settled, journal):
    at = settled(hunt(stage.page("hunting", query=ALL)).click().run())
    key = answers.row_key(one.KEY, jobs.jobs.find(stage.account, one.KEY).result)
    at.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    proof = next(d.value for d in at.dataframe if "operation" in d.value.columns)
    assert len(proof) >= table(at)["denials"][0] >= 5
    assert set(proof["verdict"]) <= {"deny", "freeze", "quarantine", "isolate", "kill"}
    at.session_state[f"{key}_evidence"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    fields = [d.value for d in at.dataframe if "Meaning" in d.value.columns][-1]
    assert "boottime_ns" in set(fields["Field"])
    assert journal.acts("reveal")[0]["page"] == "hunting"


@pytest.mark.parametrize("name", list(hunts()))
def test_every_hunt_of_the_catalogue_can_be_opened(stage, name):
    at = stage.page("hunting", query={"hunt": name, "since": "1h"})
    assert not at.exception
    assert not at.error
    assert hunts()[name].title in texts(at)
