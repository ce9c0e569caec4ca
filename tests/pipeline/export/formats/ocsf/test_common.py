"""What every event has: where and by whom, whether it worked, and what the policy said and did."""

from __future__ import annotations

import pytest

from pipeline.export.formats.ocsf.common import VERSION, file_of, process
from pipeline.export.formats.product import version
from pipeline.export.formats.rows import pieces
from pipeline.export.formats.writing import written


@pytest.mark.parametrize(
    ("verdict", "action", "enforcement", "control", "came", "applied"),
    [
        ("allow", None, None, 1, 1, None), ("audit", None, None, 3, 17, None), ("deny", None, None, 3, 15, False),
        ("deny", "deny", "confirmed", 2, 2, True), ("kill", "kill", "confirmed", 2, 2, True), ("deny", "deny", "failed", 3, 27, False),
        ("quarantine", "quarantine", "confirmed", 2, 3, True), ("isolate", "isolate", "confirmed", 2, 4, True),
        ("ask", "ask", "confirmed", 2, 14, True), ("freeze", "freeze", "unverified", 2, 14, True),
    ],
)  # fmt: skip
def test_verdict_and_what_came_of_it(event, verdict, action, enforcement, control, came, applied):
    made = event(
        "activity",
        operation="file.read",
        path="/a",
        verdict=verdict,
        action=action,
        enforcement=enforcement,
        policy="p",
        rule="r",
    )
    assert (made["action_id"], made["disposition_id"]) == (control, came)
    assert made["policy"].get("is_applied") == applied
    assert made["policy"]["name"] == "p"
    assert (made["unmapped"]["rule"], made["unmapped"]["verdict"]) == ("r", verdict)


def test_row_without_policy_has_no_verdict(event):
    assert not event("activity", operation="file.read", path="/a").keys() & {"action_id", "disposition_id", "policy"}


@pytest.mark.parametrize(
    ("outcome", "number", "word"),
    [("success", 1, "Success"), ("failure", 2, "Failure"), ("denied", 2, "Failure"), (None, 0, None)],
)
def test_outcome_is_the_status(event, outcome, number, word):
    made = event("activity", operation="file.read", path="/a", outcome=outcome)
    assert (made["status_id"], made.get("status")) == (number, word)


def test_severity_of_the_rule(event):
    made = event("activity", operation="file.read", path="/a", severity="high")
    assert (made["severity_id"], made["severity"]) == (4, "High")


def test_host_user_agent_and_run(event):
    made = event(
        "activity", operation="file.read", path="/a", host="h", boot_id="b", source="ebpf", seq=9, cpu=1, user="dev", uid=1000,
        agent="codex", agent_run="r1", time=1_700_000_000_123_456, container="c0",
    )  # fmt: skip
    assert made["device"] == {"type_id": 0, "hostname": "h", "boot_uid": "b"}
    assert made["actor"]["user"] == {"name": "dev", "uid": "1000"}
    assert made["actor"]["app_name"] == "codex"
    assert made["time"] == 1_700_000_000_123
    assert made["metadata"]["version"] == VERSION == "1.8.0"
    assert made["metadata"]["product"] == {"name": "Lictor", "vendor_name": "Lictor", "version": version()}
    assert (made["metadata"]["sequence"], made["metadata"]["correlation_uid"], made["metadata"]["log_provider"]) == (
        9,
        "r1",
        "ebpf",
    )
    assert {"name": "device.hostname", "type_id": 1, "value": "h"} in made["observables"]


def test_process_that_is_not_known_is_absent(make):
    rows = pieces("activity", make("activity", {"process_key": [0, 0, 5], "pid": [None, 4, None]}), 10)[0]
    assert written(process({}, "process_key", "pid"), rows).to_pylist() == [
        None, '{"pid":4}', '{"uid":"5","cpid":"00000000-0000-0000-0000-000000000005"}',
    ]  # fmt: skip


def test_file_without_path_is_absent(make):
    rows = pieces("activity", make("activity", {"exe": [None, "/a/b"]}), 10)[0]
    assert written(file_of("exe"), rows).to_pylist() == [None, '{"type_id":0,"name":"b","path":"/a/b"}']
