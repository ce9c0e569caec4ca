"""Audit search: rows are the lake's, each search and each opened row is recorded, roles are kept."""

from __future__ import annotations

from dashboards.interface import Role
from tests.dashboards.conftest import texts

ALL = {"since": "3650d"}


def rows(at):
    return next(d.value for d in at.dataframe if "time" in d.value.columns)


def test_a_search_finds_what_the_lake_has_and_is_recorded(stage, journal, lake):
    at = stage.page("audit", query={**ALL, "verdicts": ["deny"]})
    assert not at.exception
    wanted = lake.query("SELECT count(*) AS n FROM activity WHERE verdict = 'deny'")["n"][0].as_py()
    assert len(rows(at)) == wanted
    assert any(f"**{wanted}** rows" in m.value for m in at.markdown)
    [row] = journal.acts("search")
    assert row["detail"]["filters"]["verdicts"] == ["deny"]
    assert row["detail"]["rows"] == wanted
    at.run()
    assert len(journal.acts("search")) == 1, "a click is no second search"


def test_a_keyword_looks_into_command_lines_for_analysts_only(stage, lake):
    query = {**ALL, "keyword": "session.sh"}
    found = lake.query("SELECT count(*) AS n FROM activity WHERE contains(cmdline, 'session.sh')")["n"][0].as_py()
    assert found > 0
    assert len(rows(stage.page("audit", query=query, role=Role.analyst))) >= min(found, 200)
    at = stage.page("audit", query={**query, "operation": ["file.read"]}, role=Role.viewer)
    shown = [d.value for d in at.dataframe if "time" in d.value.columns]
    assert not any(r for d in shown for r in d["object"] if "session.sh" not in str(r))


def test_an_opened_row_is_whole_and_recorded(stage, journal):
    at = stage.page("audit", query={**ALL, "verdicts": ["deny"]})
    at.session_state["audit_rows_activity_1"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    fields = next(d.value for d in at.dataframe if "Meaning" in d.value.columns)
    assert "process_key" in set(fields["Field"])
    assert len(journal.acts("reveal")) == 1


def test_a_viewer_sees_no_command_lines(stage, journal):
    at = stage.page("audit", query={**ALL, "verdicts": ["deny"]}, role=Role.viewer)
    at.session_state["audit_rows_activity_1"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    assert all("cat " not in d.value.to_string() for d in at.dataframe)
    assert journal.acts("reveal") == []


def test_what_people_did_here_is_for_admins(stage, journal):
    assert not stage.page("audit", query={**ALL, "record": "console"}).exception
    at = stage.page("audit", query={**ALL, "record": "console"}, role=Role.responder)
    assert "shown to the role admin" in texts(at)
    assert not [d for d in at.dataframe if "account" in d.value.columns]
    assert journal.acts("search")[-1]["outcome"] == "denied"


def test_nonsense_in_the_address_is_said(stage):
    at = stage.page("audit", query={**ALL, "verdicts": ["maybe"], "record": "everything"})
    assert not at.exception
    assert "verdicts=maybe" in texts(at)
    assert "record=everything" in texts(at)


def test_nothing_found_says_why(stage):
    at = stage.page("audit", query={**ALL, "keyword": "no such thing anywhere"})
    assert not at.exception
    assert "Nothing fits" in texts(at)
