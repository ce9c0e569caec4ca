"""The entry: who has not signed in sees nothing, and each page that was looked at is a row."""

from __future__ import annotations

import pytest

from dashboards.interface import DashboardError, Role
from dashboards.pages_list import PAGES


@pytest.mark.parametrize("name", [p.name for p in PAGES])
def test_each_page_runs_without_an_exception_and_is_recorded(stage, journal, name):
    at = stage.page(name)
    assert not at.exception
    assert [r["page"] for r in journal.acts("view")] == [name]


def test_nothing_is_shown_to_nobody(stage):
    stage.account = None
    at = stage.page("overview")
    assert [e.value for e in at.error] == ["Your session has ended: sign in again."]
    assert not at.dataframe
    assert not at.title


def test_a_page_beyond_the_role_is_refused_and_told(stage, journal):
    at = stage.page("hunting", role=Role.viewer)
    assert "needs the role analyst" in at.code[0].value
    assert [r["outcome"] for r in journal.acts("view")] == ["denied"]


def test_what_cannot_be_recorded_is_not_shown(stage, journal, monkeypatch):
    def broken(*_, **__):
        raise DashboardError("the lake cannot be written")

    monkeypatch.setattr(journal, "write", broken)
    at = stage.page("overview")
    assert at.code[0].value == "the lake cannot be written"
    assert not at.dataframe
