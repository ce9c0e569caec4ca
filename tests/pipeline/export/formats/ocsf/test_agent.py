"""What agents tell of themselves: an API call with the tool call as its message."""

from __future__ import annotations


def test_tool_call_is_an_api_call(event):
    made = event(
        "activity",
        **{"class": "agent"},
        tool="shell",
        tool_call="c1",
        agent="codex",
        trace_id="t1",
        host="h",
        user="dev",
    )
    assert (made["class_uid"], made["activity_id"], made["type_uid"]) == (6003, 99, 600399)
    assert made["activity_name"] == "Tool call"
    assert made["api"] == {"operation": "shell"}
    assert made["message_context"]["uid"] == "c1"
    assert made["trace"] == {"uid": "t1"}
    assert made["actor"]["app_name"] == "codex"


def test_call_without_any_name_is_unknown(event):
    made = event("activity", **{"class": "agent"})
    assert made["api"] == {"operation": "unknown"}
    assert "message_context" not in made
