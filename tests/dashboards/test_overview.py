"""Numbers of the overview, from tables made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dashboards import overview
from pipeline.schema import TIME


def answers(**more):
    empty = {
        "overview_runs": pa.table({"run": pa.array([], pa.string())}),
        "overview_verdicts": pa.table({"verdict": pa.array([], pa.string()), "events": pa.array([], pa.int64())}),
        "overview_findings": pa.table({"severity": pa.array([], pa.string()), "new": pa.array([], pa.int64())}),
        "overview_egress": pa.table({"scope": pa.array([], pa.string()), "attempts": pa.array([], pa.int64())}),
        "overview_sensitive": pa.table({"touched": pa.array([], pa.int64())}),
        "overview_coverage": pa.table({"lost": pa.array([], pa.int64()), "unknown": pa.array([], pa.int64())}),
    }
    return empty | {f"overview_{k}": pa.table(v) for k, v in more.items()}


def test_an_empty_lake_has_zeros():
    assert [t.value for t in overview.tiles(answers())] == ["0"] * 6


def test_each_tile_counts_what_it_says():
    found = overview.tiles(answers(
        runs={"run": ["a", "b"]},
        verdicts={"verdict": ["allow", "deny", "kill", "ask", "none"], "events": [1000, 7, 2, 50, 9]},
        findings={"severity": ["high", "low"], "new": [3, 1200]},
        egress={"scope": ["external", "loopback", "external"], "attempts": [5, 100, 6]},
        sensitive={"touched": [4, 5]},
        coverage={"lost": [3, 4], "unknown": [0, 0]},
    ))  # fmt: skip
    assert {t.label: t.value for t in found} == {
        "Runs now": "2", "Denials": "9", "New findings": "1,203", "Sensitive files": "9", "External egress": "11", "Events lost": "7",
    }  # fmt: skip


def test_a_loss_that_nobody_can_count_is_said():
    assert overview.tiles(answers(coverage={"lost": [3], "unknown": [2]}))[-1].value == "≥ 3"


@pytest.mark.parametrize("order", [["low", "critical", "odd", "high"], ["high", "odd", "low", "critical"]])
def test_the_most_severe_comes_first(order):
    rows = pa.table({"severity": order, "findings": range(4)})
    assert overview.by_severity(rows)["severity"].to_pylist() == ["critical", "high", "low", "odd"]


def test_destinations_are_those_of_the_newest_connections():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    hours = pa.table(
        {"hour": pa.array([start + timedelta(hours=h) for h in (5, 3, 1)], TIME), "events": [60_000, 60_000, 9]}
    )
    assert overview.egress_since(hours, start) == start + timedelta(hours=3)
    assert overview.egress_since(hours.slice(0, 1), start) == start
    assert overview.egress_since(hours, start + timedelta(hours=4)) == start + timedelta(hours=4)
