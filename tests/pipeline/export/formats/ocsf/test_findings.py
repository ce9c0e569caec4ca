"""Findings, actions and questions as detection findings: severity, ATT&CK, what was done, and what is still open."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("word", "number", "caption"),
    [
        ("informational", 1, "Informational"), ("low", 2, "Low"), ("medium", 3, "Medium"), ("high", 4, "High"), ("critical", 5, "Critical"),
        ("apocalyptic", 99, "apocalyptic"),
    ],
)  # fmt: skip
def test_severity_of_a_finding(event, word, number, caption):
    made = event("findings", id="f1", severity=word)
    assert (made["severity_id"], made["severity"]) == (number, caption)


def test_finding_has_title_rule_tags_and_the_rows_that_prove_it(event):
    proof = {"boot_id": "b", "source": "ebpf", "cpu": 1, "class": "file", "seq": 7}
    made = event(
        "findings",
        id="f1",
        title="a key was read",
        rule="ssh",
        attack="T1552.004,TA0006,AML.T0051,LLM01",
        evidence=json.dumps([proof]),
    )
    assert (made["class_uid"], made["type_uid"], made["is_alert"]) == (2004, 200401, True)
    info = made["finding_info"]
    assert (info["uid"], info["title"]) == ("f1", "a key was read")
    assert info["analytic"] == {"type_id": 1, "uid": "ssh", "name": "ssh"}
    assert info["attacks"] == [
        {"technique": {"uid": "T1552"}, "sub_technique": {"uid": "T1552.004"}}, {"tactic": {"uid": "TA0006"}}, {"technique": {"uid": "AML.T0051"}},
    ]  # fmt: skip
    assert info["types"] == ["LLM01"]
    assert made["evidences"] == [{"data": [proof]}]
    row = {"boot_id": "b", "source": "ebpf", "cpu": 1, "class": "file", "seq": 7}
    assert info["related_events"] == [{"uid": event("activity", **row)["metadata"]["uid"]}]


@pytest.mark.parametrize("evidence", ["", "nonsense", "[1]", "{}", "null"])
def test_evidence_that_names_no_rows_relates_to_none(event, evidence):
    assert "related_events" not in event("findings", id="f1", evidence=evidence)["finding_info"]


@pytest.mark.parametrize(
    ("action", "allowed", "came"),
    [("deny", 2, 2), ("kill", 2, 2), ("quarantine", 2, 3), ("isolate", 2, 4), ("freeze", 2, 14), ("webhook", 99, 7)],
)
def test_action_has_its_disposition(event, action, allowed, came):
    made = event("actions", id="a1", action=action, phase="result", enforcement="confirmed", pid=7, host="h")
    assert (made["action_id"], made["disposition_id"], made["action"]) == (allowed, came, action)
    assert made["evidences"] == [{"process": {"pid": 7}}]


@pytest.mark.parametrize(("phase", "activity"), [("intent", 1), ("result", 3), ("?", 99), (None, 0)])
def test_intent_opens_and_result_closes(event, phase, activity):
    made = event("actions", id="a1", action="deny", phase=phase)
    assert (made["activity_id"], made["type_uid"]) == (activity, 200400 + activity)


@pytest.mark.parametrize(
    ("state", "activity", "allowed", "came"),
    [("waiting", 1, 2, 14), ("released", 3, 1, 8), ("denied", 3, 2, 2), ("killed", 3, 2, 2)],
)
def test_question_is_open_until_it_is_answered(event, state, activity, allowed, came):
    made = event(
        "requests", id="q1", state=state, because="pushes to main", why="no", agent="codex", cmdline="git push", pid=5
    )
    assert (made["activity_id"], made["action_id"], made["disposition_id"]) == (activity, allowed, came)
    assert made["finding_info"]["title"] == "pushes to main"
    assert made["status_detail"] == "no"
    assert made["actor"]["app_name"] == "codex"
    assert made["evidences"][0]["process"]["cmd_line"] == "git push"
