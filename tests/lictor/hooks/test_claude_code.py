"""Claude Code's own words, as its hooks reference has them."""

from __future__ import annotations

import json

import pytest

from lictor.hooks.claude_code import PROTOCOL
from lictor.hooks.interface import Answer


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
