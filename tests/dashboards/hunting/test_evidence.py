"""A hit leads to exactly the rows that it names, also where some of what names them is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboards.hunting import evidence
from queries.hunting import bound, hunts
from queries.paging import bound as page

ROW = {"boot_id": "b", "source": "ebpf", "cpu": 0, "class": "file", "seq": 3, "time_ns": 1_767_225_600_123_456_789}


def test_the_span_is_as_narrow_as_the_rows():
    asked = evidence.question([ROW, {**ROW, "time_ns": ROW["time_ns"] + 10**9}])
    assert asked["since"] == datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
    assert asked["until"] == datetime(2026, 1, 1, 0, 0, 1, 123457, tzinfo=UTC)
    assert asked["rows"][0] == "b|ebpf|0|file|3|1767225600123456789"


def test_what_is_not_known_is_empty():
    assert evidence.identity({**ROW, "cpu": None, "seq": None}) == "b|ebpf||file||1767225600123456789"


@pytest.mark.parametrize("proof", [None, [], "x", [{}], [1], [{"time_ns": None}]])
def test_no_evidence_is_no_question(proof):
    assert evidence.question(proof) is None
    assert evidence.around(proof, "r", timedelta(0)) == {}


def test_what_happened_around_it_is_an_address():
    assert evidence.around([ROW], "r1", timedelta(minutes=5)) == {
        "since": "2025-12-31T23:55:00Z", "until": "2026-01-01T00:05:00Z", "run": "r1",
    }  # fmt: skip


def test_each_hit_of_a_recorded_lake_has_its_rows(lake):
    hits = lake.query(bound(hunts()["denial_burst"], {}))
    assert hits.num_rows
    for proof in hits["evidence"].to_pylist():
        found = lake.query(page("hunting_evidence", evidence.question(proof)))
        named = {tuple(r[n] for n in evidence.NAMES) for r in proof}
        assert {tuple(r[n] for n in evidence.NAMES) for r in found.to_pylist()} == named
        assert found.num_rows == len(proof)
