"""The page about findings: what the list shows and leaves out, one finding with its evidence, and triage by one, by many and by two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dashboards import data
from dashboards.interface import DashboardError, Ports, Role
from pipeline import schema
from pipeline.lake.writer import LakeWriter
from tests.dashboards.conftest import texts
from tests.dashboards.findings.conftest import WORLD, T, identity, said

ALL = {"since": "3650d"}


@pytest.fixture(scope="module")
def lake(lake_of, tmp_path_factory):
    return lake_of(tmp_path_factory.mktemp("findings") / "lake", **WORLD)


@pytest.fixture
def over(stage):
    """The stage over that world."""
    return stage


@pytest.fixture
def alone(stage, journal, lake_of, tmp_path):
    """The stage over a world of its own, into which a test writes."""
    stage.ports = Ports(lake_of(tmp_path / "lake", **WORLD), journal)
    return stage


def listed(at):
    return at.dataframe[0].value


def chosen(rows):
    return {"selection": {"rows": rows, "columns": [], "cells": []}}


def written(stage, table, row):
    """Somebody else writes a row meanwhile."""
    with LakeWriter(stage.ports.lake.root, "elsewhere") as writer:
        writer.append(table, pa.Table.from_pylist([row], schema.lake_schema(table)))


def test_an_empty_lake_says_why_and_what_to_do(stage, journal, lake_of, tmp_path):
    stage.ports = Ports(lake_of(tmp_path / "lake", runs=[]), journal)
    at = stage.page("findings")
    assert not at.exception
    assert "Nothing was found in this time" in texts(at)
    assert "lictor detect" in texts(at)


def test_each_finding_is_listed_once_the_newest_first(over):
    at = over.page("findings", query=ALL)
    assert not at.exception
    rows = listed(at)
    assert rows["title"].tolist() == [
        "Denied",
        "Denied",
        "x\\n\\x1b[31m\\u202e<script>alert(1)</script>",
        "Denied",
        "Denied",
    ]
    assert rows["status"].tolist() == ["new", "new", "new", "false positive", "new"]
    assert rows["severity"].tolist() == ["informational", "low", "high", "critical", "high"]
    assert rows["agent"].tolist()[0] == "gemini"


@pytest.mark.parametrize(
    ("query", "severities"),
    [
        ({"severity": ["critical", "low"]}, ["low", "critical"]),
        ({"status": "false_positive"}, ["critical"]),
        ({"status": ["new", "resolved"]}, ["informational", "low", "high", "high"]),
        ({"rule": "hunt:denied_then_done"}, ["informational", "low", "high"][::2]),
        ({"attack": "T1552"}, ["critical"]),
        ({"attack": "T1562"}, ["informational", "low", "high"]),
        ({"run": "r2"}, ["informational"]),
        ({"agents": "codex"}, ["high", "critical", "high"]),
        ({"users": "bob"}, ["informational"]),
        ({"hosts": "h2"}, ["low"]),
        ({"hosts": "h2", "severity": "high"}, None),
    ],
)
def test_each_filter_of_the_address_leaves_what_it_says(over, query, severities):
    at = over.page("findings", query=ALL | query)
    assert not at.exception
    if severities is None:
        assert "No finding is so." in texts(at)
    else:
        assert listed(at)["severity"].tolist() == severities


def test_counts_on_the_chips_are_of_what_the_others_leave(over):
    at = over.page("findings", query=ALL | {"severity": "high"})
    status, severity = (
        next(g for g in at.button_group if g.key.startswith(f"findings_{n}")) for n in ("status", "severity")
    )
    assert status.options[:2] == ["new · 2", "acknowledged · 0"]
    assert severity.options == ["critical · 1", "high · 2", "medium · 0", "low · 1", "informational · 1"]


def test_a_chip_changes_the_list_and_the_address(over):
    at = over.page("findings", query=ALL)
    next(g for g in at.button_group if g.key.startswith("findings_severity")).set_value(["critical"]).run()
    assert listed(at)["severity"].tolist() == ["critical"]
    assert at.query_params["severity"] == "critical"


def test_what_an_address_cannot_mean_is_told(over):
    at = over.page("findings", query=ALL | {"status": "lost", "severity": "high"})
    assert [w.value for w in at.warning] == ["There is no status 'lost'; it is left out."]
    assert len(listed(at)) == 2


def test_a_click_opens_the_finding_with_the_filters_kept(over):
    at = over.page("findings", query=ALL | {"severity": "critical"})
    at.session_state[at.dataframe[0].key] = chosen([0])
    at.run()
    assert not at.exception
    assert at.query_params["finding"] == "f2"
    assert at.query_params["severity"] == "critical"
    assert at.subheader[0].value == "Denied"


def test_a_finding_shows_its_rows_its_finder_and_what_was_done(over):
    at = over.page("findings", query={"finding": "f1"})
    assert not at.exception
    evidence = next(d.value for d in at.dataframe if "seq" in d.value)
    assert evidence["object"].tolist() == ["/home/ann/1", "/home/ann/2"]
    actions = next(d.value for d in at.dataframe if "took_us" in d.value)
    assert actions["id"].tolist() == ["a1", "a2"]
    assert actions["enforcement"].tolist() == ["failed", "failed"]
    names = next(d.value for d in at.dataframe if "catalogue" in d.value)
    assert names["name"].tolist() == ["Impair Defenses", "Exploitation for Defense Evasion"]
    related = next(d.value for d in at.dataframe if "relation" in d.value)
    assert dict(zip(related["id"], related["relation"], strict=True)) == {
        "f2": "same run", "f3": "same run", "f4": "same rule, same host",
    }  # fmt: skip
    said_ = texts(at)
    assert "Which files did a run get at after the policy had said no to them?" in said_
    assert "Nobody has set a status." in said_


def test_the_history_of_a_finding_is_shown_with_who_and_why(over):
    at = over.page("findings", query={"finding": "f2"})
    history = next(d.value for d in at.dataframe if "was" in d.value)
    assert history[["account", "was", "status"]].values.tolist() == [
        ["cem", "acknowledged", "false positive"], ["bea", "new", "acknowledged"],
    ]  # fmt: skip
    assert history["note"][0] == "a test of ours"
    assert "This finding names no rows." in texts(at)


def test_rows_that_are_gone_are_told(over):
    at = over.page("findings", query={"finding": "f4"})
    assert "names 2 rows, and the lake has 1" in at.warning[0].value


def test_an_alarm_shows_its_facts_harmlessly(over):
    at = over.page("findings", query={"finding": "f3"})
    assert not at.exception
    facts = next(d.value for d in at.dataframe if "fact" in d.value)
    assert facts["value"].tolist() == ["kill", "x\\n\\x1b[31m\\u202e<script>alert(1)</script>"]
    assert not any(c in texts(at) for c in "\x1b\u202e")
    assert "\\<script\\>" in at.subheader[0].value


@pytest.mark.parametrize("finding", ["nothing", "x\ny\u202e"])
def test_an_address_of_no_finding_says_so(over, finding):
    at = over.page("findings", query={"finding": finding})
    assert not at.exception
    assert "The lake has no finding" in texts(at)
    assert "\u202e" not in texts(at)


def test_a_viewer_sees_no_content_and_may_neither_triage_nor_pack(over):
    at = over.page("findings", query={"finding": "f1"}, role=Role.viewer)
    evidence = next(d.value for d in at.dataframe if "seq" in d.value)
    assert set(evidence["cmdline"]) == {"hidden: needs the role analyst"}
    assert [b.disabled for b in at.button if b.key in {"findings_triage_one", "findings_pack"}] == [True, True]
    at = over.page("findings", query={"finding": "f2"}, role=Role.viewer)
    assert "a test of ours" not in "".join(str(d.value.values.tolist()) for d in at.dataframe)


def test_a_status_is_set_in_two_clicks(over, journal):
    at = over.page("findings", query={"finding": "f1"}, role=Role.analyst)
    at.button(key="findings_triage_one").click().run()
    assert journal.acts("triage") == []
    at.selectbox(key="triage_status").set_value("risk_accepted").run()
    at.button(key="triage_set").click().run()
    assert "risk accepted needs a note" in texts(at)
    assert journal.acts("triage") == []
    at.text_area(key="triage_note").set_value("until the broker is there").run()
    at.button(key="triage_set").click().run()
    assert not at.exception
    assert [(r["object"], r["status"], r["note"]) for r in journal.acts("triage")] == [
        ("f1", "risk_accepted", "until the broker is there"),
    ]  # fmt: skip
    assert "Set: risk accepted." in [s.value for s in at.success]
    assert not [b for b in at.button if b.key == "triage_set"]


def test_the_second_of_two_people_is_told_before_they_overwrite(alone, journal):
    at = alone.page("findings", query={"finding": "f1"}, role=Role.analyst)
    at.button(key="findings_triage_one").click().run()
    at.selectbox(key="triage_status").set_value("resolved").run()
    written(alone, "console", said(T + timedelta(days=3), "in_progress", "f1", note="I have it\x1b[31m", account="dan"))
    at.button(key="triage_set").click().run()
    assert journal.acts("triage") == []
    assert "The status changed meanwhile. Nothing was set." in [w.value for w in at.warning]
    assert "dan set in progress at 2026-03-04 12:00:00 UTC: I have it\\x1b[31m" in texts(at)
    at.button(key="triage_set").click().run()
    assert [(r["status"], r["detail"]["was"]) for r in journal.acts("triage")] == [("resolved", "in_progress")]


def test_several_are_set_at_once_also_when_the_list_has_grown_meanwhile(alone, journal):
    at = alone.page("findings", query=ALL, role=Role.analyst)
    at.toggle(key="findings_several").set_value(True).run()
    assert at.button(key="findings_triage_several").disabled
    key = at.dataframe[0].key
    at.session_state[key] = chosen([2, 4])
    at.run()
    later = {"id": "new", "time": datetime(2026, 10, 1, tzinfo=UTC), "severity": "low", "title": "Later", "rule": "x"}
    written(alone, "findings", later)
    data.forget()
    at.session_state[key] = chosen([2, 4])
    at.button(key="findings_triage_several").click().run()
    at.selectbox(key="triage_status").set_value("acknowledged").run()
    at.button(key="triage_set").click().run()
    assert not at.exception
    assert [r["object"] for r in journal.acts("triage")] == ["f3", "f1"]
    assert "2 findings set: acknowledged." in [s.value for s in at.success]
    assert "Later" in listed(at)["title"].tolist()


def test_a_pack_is_made_recorded_and_offered(over, journal):
    at = over.page("findings", query={"finding": "f1"}, role=Role.analyst)
    at.button(key="findings_pack").click().run()
    assert not at.exception
    assert [r.get("phase") for r in journal.acts("export")] == ["intent", "result"]
    assert f"SHA-256 {journal.acts('export')[1]['detail']['sha256']}" in texts(at)


def test_a_lake_that_cannot_be_asked_is_one_clear_line(over, monkeypatch):
    def broken(*_, **__):
        raise DashboardError("the lake is away")

    monkeypatch.setattr("dashboards.data.ask_all", broken)
    at = over.page("findings")
    assert not at.exception
    assert at.code[-1].value == "the lake is away"


def test_evidence_of_the_world_is_what_it_seems():
    """The decoys share a part of the identity with rows that are named, and never all of it."""
    named = [identity(r) for r in WORLD["activity"][:3]]
    assert not [d for d in WORLD["activity"][3:] if identity(d) in named]
