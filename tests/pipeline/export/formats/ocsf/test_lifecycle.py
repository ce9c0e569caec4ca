"""Runs, policies and coverage as states of applications."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("state", "code", "activity", "status"),
    [("started", None, 3, 1), ("ended", 0, 4, 1), ("ended", 137, 4, 2), ("?", None, 99, 1)],
)
def test_run_starts_and_stops(event, state, code, activity, status):
    made = event(
        "runs",
        run="r1",
        state=state,
        exit_code=code,
        agent="codex",
        command="codex exec",
        root_key=9,
        root_pid=90,
        started=5_000,
    )
    assert (made["class_uid"], made["activity_id"], made["type_uid"]) == (6002, activity, 600200 + activity)
    assert made["status_id"] == status
    assert made["app"] == {"name": "codex", "uid": "r1"}
    assert (made["actor"]["process"]["uid"], made["actor"]["process"]["cmd_line"]) == ("9", "codex exec")
    assert made["start_time"] == 5
    assert made["metadata"]["correlation_uid"] == "r1"


@pytest.mark.parametrize(("lost", "status", "severity"), [(0, 1, 1), (3, 2, 3), (None, 1, 1)])
def test_lost_events_are_a_failure_of_lictor_itself(event, lost, status, severity):
    made = event("coverage", boot_id="b", source="ebpf", lost=lost, reason="ring_full", since=1_000, until=2_000)
    assert (made["activity_id"], made["activity_name"]) == (99, "Coverage")
    assert (made["status_id"], made["severity_id"]) == (status, severity)
    assert made["app"]["name"] == "Lictor"
    assert (made["start_time"], made["end_time"], made["time"]) == (1, 2, 2)
    assert made["unmapped"].get("lost") == lost


@pytest.mark.parametrize(
    ("state", "status", "applied", "severity"), [("in_force", 1, True, 1), ("refused", 2, False, 3)]
)
def test_policy_is_updated_or_refused(event, state, status, applied, severity):
    made = event("policies", version="ab", policy="p", state=state, text="rules: []", reason="why")
    assert (made["activity_id"], made["status_id"], made["severity_id"]) == (8, status, severity)
    assert made["policy"] == {"name": "p", "version": "ab", "is_applied": applied}
    assert made["unmapped"]["text"] == "rules: []"
