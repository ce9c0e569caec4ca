"""The page about health: what it says of a sample lake agrees with plain SQL, an empty lake says why, and no proof is claimed that is not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dashboards.interface import Ports
from pipeline import schema
from pipeline.lake.writer import LakeWriter

HOSTILE = "h\n\x1b[31m\u202e<b>=cmd|x"


def ago(**span):
    """A time before now, not before this file was read: pages show what was not watched until now."""
    return datetime.now(UTC) - timedelta(**span)


@pytest.fixture(scope="module")
def sample(sampled, at_hand):
    return at_hand(sampled)


@pytest.fixture
def over(stage, journal):
    def put(lake, **more):
        stage.ports = Ports(lake, journal, **more)
        return stage

    return put


def filled(folder, coverage):
    with LakeWriter(folder, "h") as writer:
        writer.append("coverage", pa.Table.from_pylist(coverage, schema.lake_schema("coverage")))
    return folder


def interval(begin, minutes, host="h", **more):
    since = ago(minutes=begin)
    row = {
        "host": host,
        "boot_id": "b1",
        "source": "ebpf",
        "class": "file",
        "reason": "none",
        "since": since,
        "until": since + timedelta(minutes=minutes),
    }
    return row | {"emitted": 10, "delivered": 10, "lost": 0} | more


def words(at):
    kinds = (at.text, at.caption, at.warning, at.info, at.subheader, at.error, at.markdown, at.success)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


def frame(at, column):
    return next(f.value for f in at.dataframe if column in f.value.columns)


def test_an_empty_lake_says_why_and_claims_nothing(over, at_hand, tmp_path):
    (tmp_path / "lake").mkdir()
    at = over(at_hand(tmp_path / "lake")).page("health")
    assert not at.exception
    said = words(at)
    assert "No collector reported in this time." in said
    assert "Nobody follows this lake." in said
    assert "Ledger: not there yet." in said
    assert "Evidence packs: not there yet." in said
    assert not at.success


def test_numbers_are_those_of_the_lake(over, sample):
    at = over(sample).page("health", query={"since": "30d"})
    assert not at.exception
    delivered, lost = sample.query("SELECT sum(delivered) AS d, sum(lost) AS l FROM coverage").to_pylist()[0].values()
    assert at.metric[1].value == f"≥ {lost:,}"
    assert at.metric[0].value.startswith("at most ")
    shown = frame(at, "boots")
    assert (shown["delivered"].sum(), shown["lost"].sum()) == (delivered, lost)
    stored = frame(at, "segments").set_index("table")["rows"]
    assert stored["activity"] == sample.query("SELECT count(*) AS n FROM activity")["n"][0].as_py()


def test_losses_and_the_blind_spell_of_the_sample_are_shown(over, sample):
    at = over(sample).page("health", query={"since": "30d"})
    spells = frame(at, "rebooted")
    reboot = spells[spells["rebooted"] == True]  # noqa: E712 - a column of pandas
    assert list(reboot["host"]) == ["dev-omar"]
    assert list(reboot["length"]) == ["3 h"]
    gaps = frame(at, "reason")
    assert {"ring_full", "log_torn"} >= set(gaps["reason"])
    assert "log_torn" in set(gaps["reason"])


def test_a_clicked_spell_leads_to_its_runs(over, at_hand, tmp_path):
    folder = filled(tmp_path / "lake", [interval(120, 10), interval(60, 10)])
    with LakeWriter(folder, "h") as writer:
        run = {
            "run": "r1",
            "state": "started",
            "time": ago(hours=3),
            "started": ago(hours=3),
            "host": "h",
        }
        writer.append("runs", pa.Table.from_pylist([run], schema.lake_schema("runs")))
    at = over(at_hand(folder)).page("health")
    assert list(frame(at, "rebooted")["missed"]) == ["all that one run did in it"] * 2
    at.session_state["health_spells"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    assert [link.label for link in at.get("page_link")][:2] == ["Rows of h at that time", "Run r1"]


def test_intervals_that_join_are_no_spell_and_short_ones_are_left_out(over, at_hand, tmp_path):
    rows = [interval(30, 10), interval(20, 9), interval(10, 11), interval(30, 31, host="h2")]
    at = over(at_hand(filled(tmp_path / "lake", rows))).page("health")
    assert not at.exception
    assert "None: whatever was watched once was watched all the time." in words(at)
    assert at.metric[2].value == "0"


def test_a_loss_that_nobody_can_count_is_no_number(over, at_hand, tmp_path):
    lost = interval(5, 5, reason="log_damaged", source="lake", **{"class": None}) | {
        "emitted": None,
        "delivered": None,
        "lost": None,
    }
    at = over(at_hand(filled(tmp_path / "lake", [interval(5, 5), lost]))).page("health")
    assert at.metric[1].value == "≥ 0"
    assert frame(at, "reason")["lost"].isna().all()


def test_hostile_names_are_harmless(over, at_hand, tmp_path):
    rows = [interval(30, 5, host=HOSTILE), interval(10, 10, host=HOSTILE, reason="ring_full", lost=3, delivered=0)]
    at = over(at_hand(filled(tmp_path / "lake", rows)), facts=((HOSTILE, HOSTILE),)).page("health")
    assert not at.exception
    shown = "".join(str(cell) for f in at.dataframe for cell in f.value.to_numpy().ravel())
    assert not set("\n\x1b\u202e") & set(shown)
    at.session_state["health_spells"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    labels = "".join(link.label for link in at.get("page_link"))
    assert "\x1b" not in labels
    assert labels.count("<") == labels.count("\\<") > 0


def test_a_lake_that_is_elsewhere_says_so(over, sample):
    class Elsewhere:
        query, query_all = sample.query, sample.query_all

    at = over(Elsewhere()).page("health")
    assert not at.exception
    assert "The lake's folder is not on this machine." in words(at)


def test_facts_are_shown(over, sample):
    at = over(sample, facts=(("Lictor", "9.9"), ("Lake", "/x"))).page("health")
    assert frame(at, "fact")["value"].tolist() == ["9.9", "/x"]
