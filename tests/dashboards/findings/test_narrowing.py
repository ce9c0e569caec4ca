"""Filters of the list: what each leaves, and what an address may say. The chips themselves: the page's test."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.findings import narrowing
from dashboards.findings.narrowing import Narrowing, tags


def row(severity="high", status="new", rule="a", attack="T1552.001,ASI03"):
    return {"severity": severity, "status": status, "rule": rule, "attack": attack, "findings": 1}


def test_a_sub_technique_counts_for_its_technique_too():
    assert tags("T1552.001, AML.T0051.000,ASI01") == {"T1552.001", "T1552", "AML.T0051.000", "AML.T0051", "ASI01"}
    assert tags(None) == set()
    assert tags("AML.T0051") == {"AML.T0051"}


@pytest.mark.parametrize(
    ("chosen", "but", "left"),
    [
        (Narrowing(), "severity", True),
        (Narrowing(severity=("low",)), "severity", True),
        (Narrowing(severity=("low",)), "status", False),
        (Narrowing(severity=("low", "high")), "status", True),
        (Narrowing(status=("resolved",)), "severity", False),
        (Narrowing(rule=("b",)), "attack", False),
        (Narrowing(attack=("T1552",)), "rule", True),
        (Narrowing(attack=("T1041",)), "rule", False),
        (Narrowing(attack=("T1041",)), "attack", True),
    ],
)
def test_a_count_is_of_what_the_other_filters_leave(chosen, but, left):
    assert chosen.lets(row(), but=but) is left


@given(st.sampled_from(["severity", "status", "rule"]), st.data())
def test_without_a_choice_nothing_is_left_out(but, data):
    found = row(*(data.draw(st.text()) for _ in range(4)))
    assert Narrowing().lets(found, but=but)


def test_values_are_those_of_the_question():
    chosen = Narrowing(("high",), ("new",), ("hunt:x",), ("T1",), "r1")
    assert chosen.values() == {
        "severities": ["high"], "statuses": ["new"], "rules": ["hunt:x"], "attacks": ["T1"], "run": "r1",
    }  # fmt: skip


def test_what_no_address_can_mean_is_left_out_and_told(monkeypatch):
    class Address(dict):
        def get_all(self, name):
            return self.get(name, [])

    address = Address(
        {"severity": ["high", "awful"], "status": ["new", "x\ny"], "rule": ["a", "a", "b\u202e"], "run": "r\n"}
    )
    monkeypatch.setattr(narrowing.st, "query_params", address)
    found, told = narrowing.given()
    assert found == Narrowing(("high",), ("new",), ("a",))
    assert told == ["There is no severity 'awful'; it is left out."]
