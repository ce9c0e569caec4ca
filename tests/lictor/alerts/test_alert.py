from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.alerts.alert import Alert
from lictor.values import rows_of


def test_a_document_says_what_the_row_says(findings):
    (row,) = rows_of(findings(("high", "r")))
    document = Alert("findings", 3, "findings", row).document("here", "1.2")
    assert document == (
        b'{"kind": "finding", "lictor": "1.2", "host": "h", "id": "f0", "time": "2023-11-14T22:13:20.000000Z", '
        b'"agent_run": "run-1", "rule": "r", "policy": "p", "severity": "high", "title": "t", "evidence": [{"seq": 1}]}'
    )


@pytest.mark.parametrize(
    ("kind", "called"), [("findings", "finding"), ("alarms", "alarm"), ("actions", "action"), ("requests", "request")]
)
def test_a_document_says_what_kind_it_is_and_whose(alert, kind, called):
    document = json.loads(alert(kind=kind).document("here", "1.2"))
    assert list(document)[:3] == ["kind", "lictor", "host"]
    assert (document["kind"], document["host"]) == (called, "here")


@pytest.mark.parametrize("text", ["no json", '{"a": NaN}', "Infinity", "[" * 100_000, "1e999"])
def test_what_is_no_json_stays_text(alert, text):
    assert json.loads(alert(evidence=text).document("h", "1"))["evidence"] == text


@given(st.text(), st.text())
def test_any_text_arrives_as_it_was(title, evidence):
    row = {"id": "x", "title": title, "evidence": json.dumps({"path": evidence})}
    document = Alert("findings", 0, "findings", row).document("h", "1")
    found = json.loads(document.decode("ascii"), parse_constant=lambda c: pytest.fail(f"{c} in a document"))
    assert (found["title"], found["evidence"]) == (title, {"path": evidence})


def test_each_alert_is_a_delivery_of_its_own(alert):
    one, other = alert(), alert()
    assert one.id != other.id
    assert one.about == other.about == "finding f1"
