"""The hunting page: the catalogue with its filters, the way to a hunt and to the editor, and who may."""

from __future__ import annotations

from dashboards.hunting import editor
from dashboards.interface import Role
from queries.hunting import hunts


def test_the_catalogue_is_there_and_can_be_narrowed(stage):
    at = stage.page("hunting")
    assert not at.exception
    assert len(at.dataframe[0].value) == len(hunts())
    at.text_input(key="hunting_find").set_value("T1552").run()
    found = at.dataframe[0].value["name"].tolist()
    assert found
    assert set(found) == {n for n, h in hunts().items() if any(t.startswith("T1552") for t in h.techniques)}
    at.text_input(key="hunting_find").set_value("no such thing").run()
    assert not at.dataframe


def test_a_click_opens_a_hunt(stage):
    at = stage.page("hunting", query={"since": "7d"})
    first = at.dataframe[0].value["name"][0]
    at.session_state["hunting_catalogue"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    assert at.query_params["hunt"] in (first, [first])
    assert at.query_params["since"] in ("7d", ["7d"])


def test_the_parts_stand_in_the_address(stage):
    at = stage.page("hunting")
    at.segmented_control[0].set_value("SQL").run()
    assert not at.exception
    assert at.query_params["part"] in ("sql", ["sql"])
    assert at.text_area[0].value == editor.FIRST
    at.segmented_control[0].set_value("Catalogue").run()
    assert not at.text_area
    assert stage.page("hunting", query={"part": "sql"}).text_area


def test_a_hunt_can_be_opened_in_the_editor(stage):
    at = stage.page("hunting", query={"hunt": "denial_burst", "since": "1h"})
    next(b for b in at.button if b.label == "Open in the editor").click().run()
    assert not at.exception
    assert "denied AS (" in at.text_area[0].value


def test_a_viewer_is_refused(stage):
    at = stage.page("hunting", role=Role.viewer, query={"sql": "SELECT 1"})
    assert "needs the role analyst" in at.code[0].value
    assert not at.dataframe
    assert not at.text_area


def test_a_hunt_that_is_not_there_is_said(stage):
    at = stage.page("hunting", query={"hunt": "nothing\x1b"})
    assert not at.exception
    assert at.warning
    assert at.dataframe
