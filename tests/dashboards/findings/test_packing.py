"""Making a pack: who may, what is recorded before and after, and which rows of the lake are in it."""

from __future__ import annotations

import io
import json
import zipfile

import pyarrow.parquet as pq
import pytest

from dashboards import data
from dashboards.findings import packing
from dashboards.interface import DashboardError, Role
from tests.dashboards.findings.conftest import ROWS


def made(finding):
    row = data.ask("findings_one", finding=finding).to_pylist()[0]
    content, digest = packing.make(row)
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        files = {name: found.read(name) for name in found.namelist()}
    return files, digest


def lines(files, name):
    return [json.loads(line) for line in files[f"{name}.jsonl"].splitlines()]


@pytest.fixture
def of_f1(looking):
    looking()
    return made("f1")


def test_the_evidence_is_exactly_the_rows_that_it_names(of_f1):
    table = pq.read_table(io.BytesIO(of_f1[0]["evidence.parquet"]))
    assert table["path"].to_pylist() == [row["path"] for row in ROWS[:2]]
    assert table["cmdline"].to_pylist() == ["cat secret-1", "cat secret-2"]


def test_actions_coverage_run_and_policies_are_those_around_it(of_f1):
    files, _ = of_f1
    assert [a["id"] for a in lines(files, "actions")] == ["a1", "a2"]
    assert [(c["host"], c["lost"], c["reasons"]) for c in lines(files, "coverage")] == [("h1", 1, "ring_full")]
    assert [r["run"] for r in lines(files, "run")] == ["r1"]
    # v1 decided about rows; v2 is what own was then. v3 came later, v4 is another host's.
    assert [(p["version"], p["text"]) for p in lines(files, "policies")] == [("v1", "old base"), ("v2", "own")]
    assert json.loads(files["detection.json"])["techniques"][0] == {
        "id": "T1562", "name": "Impair Defenses", "catalogue": "ATT&CK",
    }  # fmt: skip
    assert "in the dashboard of Lictor 9.9" in files["README.txt"].decode()


def test_the_triage_of_a_finding_is_in_it(looking):
    looking()
    assert [(t["was"], t["status"], t["account"]) for t in lines(made("f2")[0], "triage")] == [
        ("acknowledged", "false_positive", "cem"), ("new", "acknowledged", "bea"),
    ]  # fmt: skip


@pytest.mark.parametrize("finding", ["f3", "f4", "f5"])
def test_a_finding_without_rows_or_without_a_run_can_be_packed_too(looking, finding):
    looking()
    files, _ = made(finding)
    assert json.loads(files["finding.json"])["id"] == finding


def test_the_export_is_recorded_before_it_is_made_and_with_its_hash_after(of_f1, journal):
    before, after = journal.acts("export")
    assert (before["phase"], before["object"], before["agent_run"]) == ("intent", "f1", "r1")
    assert (after["phase"], after["outcome"], after["detail"]["sha256"]) == ("result", "success", of_f1[1])
    assert after["detail"]["rows"] == 2


def test_a_viewer_gets_none(looking, journal):
    looking()
    row = data.ask("findings_one", finding="f1").to_pylist()[0]
    looking(Role.viewer)
    with pytest.raises(DashboardError, match="needs the role analyst"):
        packing.make(row)
    assert journal.rows == []


def test_what_cannot_be_recorded_is_not_made(looking, journal, monkeypatch):
    looking()
    row = data.ask("findings_one", finding="f1").to_pylist()[0]

    def broken(*_, **__):
        raise DashboardError("disk full")

    monkeypatch.setattr(journal, "write", broken)
    monkeypatch.setattr(packing, "_tables", lambda *_: pytest.fail("was read before it was recorded"))
    with pytest.raises(DashboardError, match="disk full"):
        packing.make(row)
