"""Claude Code's own words, as its hooks reference has them."""

from __future__ import annotations

import json

import pytest

from lictor.hooks.claude_code import PROTOCOL
from lictor.hooks.interface import Answer, Ended


@pytest.mark.parametrize("kind", ["allow", "ask", "deny"])
def test_a_decision_has_its_form(kind):
    output = PROTOCOL.say(Answer(kind, 'why "so"\n'))
    assert (output.status, output.stderr) == (0, "")
    assert json.loads(output.stdout) == {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": kind,
            "permissionDecisionReason": 'why "so"\n',
        }
    }


def test_nothing_to_say_is_no_output():
    assert PROTOCOL.say(Answer()).stdout == ""


@pytest.mark.parametrize("event", ["PostToolUse", "Stop", "SessionStart", "UserPromptSubmit", "PermissionRequest"])
def test_other_events_pass(event):
    assert PROTOCOL.call({"hook_event_name": event, "tool_name": "Bash", "tool_input": {}}) is None


def test_a_call_is_read():
    call = PROTOCOL.call(
        {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "ls"}, "cwd": "/w"}
    )
    assert (call.tool, call.input, call.cwd) == ("Bash", {"command": "ls"}, "/w")


AFTER = [
    # as its hooks reference has them
    {"hook_event_name": "PostToolUse", "session_id": "abc123", "transcript_path": "/t.jsonl", "cwd": "/w", "permission_mode": "default",
     "tool_name": "Write", "tool_input": {"file_path": "/w/a"}, "tool_response": {"filePath": "/w/a", "success": True}, "tool_use_id": "toolu_01"},
    {"hook_event_name": "PostToolUseFailure", "session_id": "abc123", "transcript_path": "/t.jsonl", "cwd": "/w", "permission_mode": "default",
     "tool_name": "Bash", "tool_input": {"command": "cat k"}, "tool_use_id": "toolu_01", "error": "Command exited with non-zero status code 137", "is_interrupt": False},
]  # fmt: skip


@pytest.mark.parametrize("data", AFTER, ids=lambda data: data["hook_event_name"])
def test_a_tool_that_has_run_is_over_well_or_not(data):
    assert PROTOCOL.ended(data) == Ended(data["hook_event_name"], "abc123")
    assert PROTOCOL.call(data) is None


@pytest.mark.parametrize("event", ["PreToolUse", "Stop", "SessionStart", None, 3, ["PostToolUse"]])
def test_of_other_events_nothing_is_over(event):
    assert PROTOCOL.ended({"hook_event_name": event, "session_id": "s"}) is None


def test_a_session_without_a_name_is_one_too():
    assert PROTOCOL.ended({"hook_event_name": "PostToolUse"}) == Ended("PostToolUse", "")


@pytest.mark.parametrize("event", ["PostToolUse", "PostToolUseFailure"])
def test_a_text_for_the_agent_has_its_form(event):
    output = PROTOCOL.tell(Ended(event, "s"), 'Lictor "stopped"\nthis')
    assert (output.status, output.stderr) == (0, "")
    assert json.loads(output.stdout) == {
        "hookSpecificOutput": {"hookEventName": event, "additionalContext": 'Lictor "stopped"\nthis'}
    }
