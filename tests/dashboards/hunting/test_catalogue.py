"""The catalogue as rows, and values of a form that become literals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dashboards.hunting import catalogue
from dashboards.interface import DashboardError
from pipeline.schema import SEVERITIES
from queries.hunting import find, hunts

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def test_all_hunts_are_listed_the_most_severe_first():
    rows = catalogue.rows([], "")
    assert set(rows["name"].to_pylist()) == set(hunts())
    order = [SEVERITIES.index(s) for s in rows["severity"].to_pylist()]
    assert order == sorted(order, reverse=True)


def test_they_are_found_by_tactic_word_and_technique():
    assert 0 < catalogue.rows(["exfiltration"], "").num_rows < len(hunts())
    assert "credential_file_read" in catalogue.rows([], "T1552")["name"].to_pylist()
    assert catalogue.rows([], "no such words").num_rows == 0


def test_they_are_found_by_severity_and_tell_whether_they_are_scheduled():
    found = catalogue.rows([], "", ["critical"])
    assert set(found["severity"].to_pylist()) == {"critical"}
    said = dict(zip(*(catalogue.rows([], "")[c].to_pylist() for c in ("name", "scheduled")), strict=True))
    assert {n: s == "every minute" for n, s in said.items()} == {n: h.scheduled for n, h in hunts().items()}


def test_values_of_an_address_are_those_of_the_parameters():
    address = {"p_many": ["9"], "p_window": [" "], "p_other": ["x"], "since": ["7d"], "many": ["1"]}
    assert catalogue.given(find("denial_burst"), address) == ({"many": "9"}, ["p_other=x"])


def test_values_become_literals_and_empty_ones_the_default():
    hunt = find("unsanctioned_agent")
    assert "o''brien" in catalogue.sql(hunt, {"approved": "o'brien"}, SINCE, UNTIL)
    assert catalogue.sql(hunt, {"approved": " "}, SINCE, UNTIL) == catalogue.sql(hunt, {}, SINCE, UNTIL)
    assert "2026-01-01" in catalogue.sql(hunt, {}, SINCE, UNTIL)


def test_a_value_that_does_not_fit_is_told():
    with pytest.raises(DashboardError, match="regular expression"):
        catalogue.sql(find("approvals_bypassed"), {"flags": "("}, SINCE, UNTIL)
