"""Audit search as people use it: filters, pages, a record, an export; recorded before it is shown, and harmless whatever a name holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dashboards.interface import DashboardError, Ports, Role
from dashboards.search import asking
from pipeline import schema
from pipeline.lake.writer import LakeWriter
from tests.dashboards.conftest import texts

T = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOSTILE = "/srv/[x](javascript:1)<script>\n\x1b[31m\u202e=cmd|.pem"
SINCE = {"since": "2026-03-02T09:00:00Z", "until": "2026-03-02T11:00:00Z"}
EVER = {"since": "3650d"}


def written(root, table, rows):
    with LakeWriter(root, "vm") as writer:
        writer.append(table, pa.Table.from_pylist(rows, schema=schema.lake_schema(table)))
    return root


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, at_hand):
    """450 reads by an agent, the newest of a file of a hostile name."""
    rows = [
        {"time": T + timedelta(seconds=n), "time_ns": (int(T.timestamp()) + n) * 10**9, "host": "vm", "boot_id": "b", "source": "ebpf", "cpu": 0,
         "seq": 2**60 + n, "class": "file", "operation": "file.read", "outcome": "success", "agent": "**bold** <b>", "agent_run": "r1", "user": "dev",
         "exe": "/usr/bin/cat", "cmdline": "cat --token=s3cret", "path": f"/srv/{n}", "rule": "[a](b)"}
        for n in range(449)
    ]  # fmt: skip
    rows.append({**rows[-1], "time": T + timedelta(seconds=449), "seq": 2**60 + 449, "path": HOSTILE})
    return at_hand(written(tmp_path_factory.mktemp("hostile"), "activity", rows))


@pytest.fixture
def seen(stage, hostile, journal):
    stage.ports = Ports(hostile, journal)
    return stage


def table(at):
    return at.dataframe[0].value


def click(at, key, position=0):
    at.session_state[key] = {"selection": {"rows": [position], "columns": [], "cells": []}}
    return at.run()


def button(at, label):
    return next(b for b in at.button if b.label == label)


def test_a_search_is_a_row_of_the_journal_and_rows_newest_first(seen, journal):
    at = seen.page("audit", query=SINCE)
    assert not at.exception
    assert len(table(at)) == asking.PAGE
    assert table(at)["object"][0] == r"/srv/[x](javascript:1)<script>\n\x1b[31m\u202e=cmd|.pem"
    assert "**450** rows" in texts(at)
    (row,) = journal.acts("search")
    assert (row["page"], row["object"], row["outcome"]) == ("audit", "activity", "success")
    assert (row["detail"]["rows"], row["detail"]["count"]) == (200, 450)
    assert row["detail"]["filters"] == {"since": [SINCE["since"]], "until": [SINCE["until"]]}
    assert "script" not in texts(at)


def test_what_cannot_be_recorded_is_not_shown(seen, journal, monkeypatch):
    write = journal.write

    def broken(account, act, **columns):
        if act == "search":
            raise DashboardError("the lake cannot be written")
        write(account, act, **columns)

    monkeypatch.setattr(journal, "write", broken)
    at = seen.page("audit", query=SINCE)
    assert at.code[0].value == "the lake cannot be written"
    assert not at.dataframe


def test_a_page_that_cannot_be_recorded_is_not_shown_at_the_next_click_either(seen, journal, monkeypatch):
    at = seen.page("audit", query=SINCE)
    first = table(at)["object"].tolist()
    write = journal.write
    monkeypatch.setattr(journal, "write", lambda *_, **__: (_ for _ in ()).throw(DashboardError("disk full")))
    at = button(at, "Older").click().run()
    assert at.code[-1].value == "disk full"
    monkeypatch.setattr(journal, "write", write)
    assert table(at.run())["object"].tolist() == first


def test_pages_go_on_and_back(seen, journal):
    at = seen.page("audit", query=SINCE)
    seconds = []
    for label in ("Older", "Older"):
        seconds.append(table(at)["object"].tolist())
        at = button(at, label).click().run()
    seconds.append(table(at)["object"].tolist())
    assert [len(s) for s in seconds] == [200, 200, 50]
    assert seconds[2][-1] == "/srv/0"
    assert len({o for s in seconds for o in s}) == 450
    assert "Rows 401 to 450" in texts(at)
    assert [r["detail"]["page"] for r in journal.acts("search")] == [1, 2, 3]
    at = button(at, "Newer").click().run()
    assert table(at)["object"].tolist() == seconds[1]
    assert len(journal.acts("search")) == 3


def test_a_click_on_a_row_asks_nothing_again_and_shows_every_field(seen, journal):
    at = seen.page("audit", query=SINCE)
    at = click(at, "audit_rows_activity_1")
    assert not at.exception
    fields = dict(zip(at.dataframe[1].value["Field"], at.dataframe[1].value["Value"], strict=True))
    assert fields["seq"] == str(2**60 + 449)
    assert fields["cmdline"] == "cat --token=s3cret"
    assert fields["path"] == r"/srv/[x](javascript:1)<script>\n\x1b[31m\u202e=cmd|.pem"
    assert len(journal.acts("search")) == 1
    (row,) = journal.acts("reveal")
    assert row["agent_run"] == "r1"
    assert str(2**60 + 449) in row["object"]
    at.run()
    assert len(journal.acts("reveal")) == 1


def test_a_viewer_sees_no_command_line_anywhere(seen, journal):
    at = seen.page("audit", role=Role.viewer, query=SINCE)
    at = click(at, "audit_rows_activity_1")
    shown = json.dumps([d.value.astype(str).to_dict() for d in at.dataframe])
    assert "s3cret" not in shown + texts(at)
    fields = dict(zip(at.dataframe[1].value["Field"], at.dataframe[1].value["Value"], strict=True))
    assert fields["cmdline"] == "hidden: needs the role analyst"
    assert not journal.acts("reveal")
    assert button(at, "Export").disabled
    at = seen.page("audit", role=Role.viewer, query={**SINCE, "keyword": "s3cret"})
    assert not at.dataframe


def test_the_form_becomes_the_address(seen, journal):
    at = seen.page("audit", query=SINCE)
    at.text_input[0].set_value(" /srv/1? ")
    at.multiselect[4].set_value(["file.read"])
    at = button(at, "Search").click().run()
    assert at.query_params["object"] in ("/srv/1?", ["/srv/1?"])
    assert at.query_params["operation"] in ("file.read", ["file.read"])
    assert sorted(table(at)["object"]) == [f"/srv/1{n}" for n in range(10)]
    assert journal.acts("search")[-1]["detail"]["filters"]["object"] == ["/srv/1?"]
    assert at.text_input[0].value == "/srv/1?"


def test_odd_addresses_are_told_and_left_out(seen):
    at = seen.page("audit", query={**SINCE, "verdicts": ["<b>", "deny"], "record": "x\x1b[2J", "operation": "none"})
    assert not at.exception
    assert "values that no filter" in at.warning[0].value
    assert at.code[0].value == r"record=x\x1b[2J, operation=none, verdicts=<b>"


def test_nothing_found_says_why_and_for_how_long_was_searched(seen):
    at = seen.page("audit", query={**SINCE, "keyword": "nowhere"})
    assert "Nothing fits between 2026-03-02 09:00 UTC and 2026-03-02 11:00 UTC." in texts(at)
    assert "Health and integrity" in texts(at)


def test_an_empty_lake_says_so(stage, journal, tmp_path, at_hand):
    stage.ports = Ports(at_hand(written(tmp_path, "findings", [])), journal)
    for record in ("activity", "findings", "actions", "requests"):
        at = stage.page("audit", query={"record": record})
        assert not at.exception
        assert "Nothing to show" in texts(at)


def test_what_people_did_here_is_for_admins(stage, journal, tmp_path, at_hand):
    row = {"id": "1", "time": T, "account": "eve <b>", "role": "viewer", "act": "view", "outcome": "denied", "page": "hunting", "detail": '{"a": 1}'}  # fmt: skip
    stage.ports = Ports(at_hand(written(tmp_path, "console", [row])), journal)
    at = stage.page("audit", query={**SINCE, "record": "console"})
    assert table(at)["account"].tolist() == ["eve <b>"]
    at = stage.page("audit", role=Role.responder, query={**SINCE, "record": "console"})
    assert "shown to the role admin" in at.code[0].value
    assert not at.dataframe
    assert journal.acts("search")[-1]["outcome"] == "denied"


def test_a_saved_search_is_there_for_all_under_its_name(seen, journal):
    at = seen.page("audit", role=Role.analyst, query={**SINCE, "keyword": "srv"})
    at.text_input(key="audit_save_name").set_value("[Mine](x)").run()
    at = button(at, "Save for all").click().run()
    (row,) = journal.acts("save_search")
    assert (row["object"], row["page"]) == ("[Mine](x)", "audit")
    assert row["detail"]["query"]["keyword"] == ["srv"]


def test_an_export_is_recorded_with_what_was_asked(seen, journal):
    at = seen.page("audit", query={**SINCE, "object": "/srv/1?"})
    at.button(key="audit_export_make").click().run()
    before, after = journal.acts("export")
    assert before["detail"]["filters"]["object"] == ["/srv/1?"]
    assert after["detail"]["rows"] == 10
    assert not at.exception


@pytest.mark.parametrize("record", ["activity", "findings", "actions", "requests", "console"])
def test_each_type_of_record_of_a_recorded_lake_is_shown(stage, record):
    at = stage.page("audit", query={**EVER, "record": record})
    assert not at.exception
    assert not at.error
