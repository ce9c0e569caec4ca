from __future__ import annotations

import json

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.detect import findings
from pipeline.detect.evidence import each_alone
from pipeline.detect.interface import Detection

ABOUT = {"d": Detection("d", "v1", "hunt", "Something", "high", ("T1059", "ASI05"))}


@pytest.fixture
def hits(rows):
    def make(count):
        table = rows(*({"at": i, "agent_run": f"r{i % 2}"} for i in range(count)))
        return each_alone(pa.array(["d"] * count), table)

    return make


def test_a_finding_says_what_when_where_and_why(hits):
    [row] = findings.finding_rows([hits(1)], ABOUT)
    assert (row["rule"], row["severity"], row["title"], row["attack"]) == ("d", "high", "Something", "T1059,ASI05")
    assert (row["host"], row["agent_run"], row["policy"]) == ("vm", "r0", None)
    assert json.loads(row["evidence"]) == [
        {
            "boot_id": "b",
            "source": "ebpf",
            "cpu": 0,
            "class": "process",
            "seq": 0,
            "time_ns": row["time"].timestamp() * 1e9,
        }
    ]
    assert findings.batch([row]).schema == schema.lake_schema("findings")


def test_ids_depend_on_what_found_it_its_version_and_the_rows_only(hits):
    first = [r["id"] for r in findings.finding_rows([hits(3)], ABOUT)]
    assert first == [r["id"] for r in findings.finding_rows([hits(3).slice(2), hits(3).slice(0, 2)], ABOUT)]
    assert len(set(first)) == 3
    newer = {"d": Detection("d", "v2", "hunt", "Something", "high", ())}
    assert not set(first) & {r["id"] for r in findings.finding_rows([hits(3)], newer)}


def test_a_match_that_was_found_twice_is_one_finding(hits):
    assert len(findings.finding_rows([hits(2), hits(2)], ABOUT)) == 2


def test_a_flood_is_cut_and_says_so(hits, monkeypatch):
    monkeypatch.setattr(findings, "MAX_HITS", 5)
    found = findings.finding_rows([hits(12)], ABOUT)
    assert len(found) == 6
    assert found[-1]["title"] == "Something (7 more of this pass)"
    assert len(json.loads(found[-1]["evidence"])) == 7
    assert found[-1]["agent_run"] is None


def test_no_hits_are_no_findings():
    assert findings.finding_rows([], ABOUT) == []
