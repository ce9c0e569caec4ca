"""The page about policies: empty, without tools, with hostile names, refused changes, and filters."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from dashboards.interface import Ports, Role
from lictor.dashboard.policy_tools import PolicyTools
from pipeline import schema
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from queries.catalog import views

NOW = datetime.now(UTC)
HOSTILE = "x\n\x1b[31m\u202e<script>alert(1)</script>=cmd|'/c'"


def filled(folder, policies=(), runs=()):
    with LakeWriter(folder, "h") as writer:
        for table, rows in (("policies", policies), ("runs", runs)):
            writer.append(table, pa.Table.from_pylist(list(rows), schema.lake_schema(table)))
    return folder


@pytest.fixture
def lake_of(at_hand):
    return lambda *args: at_hand(filled(*args))


@pytest.fixture
def over(stage, journal):
    def put(lake, tools=True):
        stage.ports = Ports(lake, journal, policies=PolicyTools(lake) if tools else None)
        return stage

    return put


def in_force(policy, host="h", text="lictor: 1\nname: p\n", **more):
    return {
        "version": "1" * 64,
        "policy": policy,
        "time": NOW,
        "host": host,
        "state": "in_force",
        "file": "/etc/p.yaml",
        "text": text,
        **more,
    }


def words(at):
    kinds = (at.text, at.caption, at.warning, at.info, at.subheader, at.code)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


def test_an_empty_lake_says_why_and_what_to_do(over, lake_of, tmp_path):
    at = over(lake_of(tmp_path / "lake")).page("policies")
    assert not at.exception
    assert "No policy was ever in force here." in words(at)
    assert "lictor run --policy" in words(at)


def test_without_tools_the_page_says_so_and_still_shows_what_stands(over, lake_of, tmp_path):
    at = over(lake_of(tmp_path / "lake", [in_force("p")]), tools=False).page("policies", query={"policy": "p"})
    assert not at.exception
    assert at.dataframe[0].value["policy"].tolist() == ["p"]
    assert "cannot be checked from here" in words(at)


def test_refused_changes_are_shown_with_their_text(over, lake_of, tmp_path):
    refused = in_force("p", state="refused", version=None, reason="p.yaml:2:1: no", text="lictor: 2\n" + HOSTILE)
    at = over(lake_of(tmp_path / "lake", [in_force("p", time=datetime(2026, 1, 1, tzinfo=UTC)), refused])).page(
        "policies"
    )
    assert "a later change was refused" in at.dataframe[0].value["state"].iloc[0]
    at.session_state["policies_refused"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    assert "lictor: 2" in at.code[0].value
    assert "\x1b" not in at.code[0].value
    assert "\\x1b[31m" in at.code[0].value


def test_hostile_names_are_harmless(over, lake_of, tmp_path):
    rows = [in_force(HOSTILE, host=HOSTILE, file=HOSTILE), in_force(HOSTILE, host="h2", version="2" * 64)]
    at = over(lake_of(tmp_path / "lake", rows)).page("policies")
    assert not at.exception
    shown = "".join(map(str, at.dataframe[0].value.to_numpy().ravel()))
    assert not set("\x1b\u202e") & set(shown + words(at))
    assert "\n" not in shown
    assert "\\<script\\>" in at.warning[0].value


def test_runs_without_a_policy_are_told(over, lake_of, tmp_path):
    run = {"run": "r1", "state": "started", "time": NOW, "started": NOW, "host": "h", "mode": "none"}
    at = over(lake_of(tmp_path / "lake", [in_force("p")], [run])).page("policies")
    assert "1 run goes on without a policy." in words(at)


def test_a_host_filter_leaves_other_hosts_out(over, lake_of, tmp_path):
    lake = lake_of(tmp_path / "lake", [in_force("p", host="h1"), in_force("p", host="h2")])
    at = over(lake).page("policies", query={"hosts": "h2"})
    assert at.dataframe[0].value["host"].tolist() == ["h2"]


def test_a_viewer_may_not_read_texts_of_refused_changes(over, lake_of, tmp_path):
    refused = in_force("p", state="refused", version=None, reason="no", text="secret: 1")
    at = over(lake_of(tmp_path / "lake", [refused])).page("policies", role=Role.viewer)
    at.session_state["policies_refused"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    assert "secret" not in words(at)


def test_a_lake_that_cannot_be_asked_is_one_line(over, tmp_path):
    lake = Lake(filled(tmp_path / "lake", [in_force("p")]), views=views())
    for path in (tmp_path / "lake" / "policies").rglob("*.parquet"):
        path.write_bytes(b"damaged")
    at = over(lake).page("policies")
    assert not at.exception
    assert at.error[0].value == "This could not be shown."
