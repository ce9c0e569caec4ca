"""Gemini CLI's words, as its hooks reference has them."""

from __future__ import annotations

import json

import pytest

from lictor.hooks.gemini import PROTOCOL
from lictor.hooks.interface import Answer, Ended
from tests.corpus import corpus


@pytest.mark.parametrize(("kind", "decision"), [("allow", "allow"), ("ask", "deny"), ("deny", "deny")])
def test_a_decision_stands_at_the_top(kind, decision):
    said = json.loads(PROTOCOL.say(Answer(kind, "because")).stdout)
    assert said["decision"] == decision
    assert said["reason"].endswith("because")
    assert set(said) == {"decision", "reason"}


def test_nothing_to_say_is_no_output():
    assert PROTOCOL.say(Answer()).stdout == ""


@pytest.mark.parametrize("event", ["AfterTool", "BeforeAgent", "SessionStart"])
def test_other_events_pass(event):
    assert PROTOCOL.call({"hook_event_name": event, "tool_name": "write_file", "tool_input": {}}) is None


def test_the_event_tells_gemini():
    assert PROTOCOL.speaks({"hook_event_name": "BeforeTool"})
    assert not PROTOCOL.speaks({"hook_event_name": "PreToolUse"})
    assert not PROTOCOL.speaks({"hook_event_name": ["BeforeTool"]})


def test_recorded_events_are_before_or_after_a_tool():
    lines = corpus("agent-otel", "gemini", "hooks", "hook-gemini.log").read_text().splitlines()
    events = [json.loads(line)["input"] for line in lines]
    after = [data for data in events if data["hook_event_name"] == "AfterTool"]
    assert 0 < len(after) < len(events)
    for data in events:
        assert PROTOCOL.ended(data) == (Ended("AfterTool", data["session_id"]) if data in after else None)


def test_a_text_for_the_agent_is_appended_to_the_result():
    said = json.loads(PROTOCOL.tell(Ended("AfterTool", "s"), "text").stdout)
    assert said == {"hookSpecificOutput": {"hookEventName": "AfterTool", "additionalContext": "text"}}
