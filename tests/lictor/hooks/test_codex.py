"""Codex takes a deny with a reason; what else it could be told counts as a failed hook there, and the tool runs."""

from __future__ import annotations

import json

import pytest

from lictor.hooks.codex import PROTOCOL
from lictor.hooks.interface import Answer, Ended
from tests.corpus import corpus


@pytest.mark.parametrize("kind", ["none", "allow"])
def test_nothing_is_said_of_what_may_run(kind):
    assert PROTOCOL.say(Answer(kind, "x")).stdout == ""


@pytest.mark.parametrize("kind", ["ask", "deny"])
def test_a_question_is_a_deny_too(kind):
    said = json.loads(PROTOCOL.say(Answer(kind, "because")).stdout)["hookSpecificOutput"]
    assert (said["hookEventName"], said["permissionDecision"]) == ("PreToolUse", "deny")
    assert said["permissionDecisionReason"].endswith("because")
    assert ("A person has to agree" in said["permissionDecisionReason"]) == (kind == "ask")


def test_turns_tell_codex():
    assert PROTOCOL.speaks({"hook_event_name": "PreToolUse", "turn_id": "t"})
    assert not PROTOCOL.speaks({"hook_event_name": "PreToolUse"})
    assert not PROTOCOL.speaks({"turn_id": "t"})


def recorded():
    """The events that a real Codex sent to its hooks."""
    lines = corpus("agent-otel", "codex", "hooks", "hook-codex.log").read_text().splitlines()
    return [json.loads(line)["input"] for line in lines]


def test_recorded_events_are_before_or_after_a_tool():
    events = recorded()
    after = [data for data in events if data["hook_event_name"] == "PostToolUse"]
    assert 0 < len(after) < len(events)
    for data in events:
        ended = PROTOCOL.ended(data)
        assert (ended is None) == (data not in after)
        assert (PROTOCOL.call(data) is None) == (data in after)
        if ended is not None:
            assert ended == Ended("PostToolUse", data["session_id"])


def test_a_text_for_the_agent_has_the_form_that_codex_takes():
    """It refuses keys that it does not know, so there are no others."""
    said = json.loads(PROTOCOL.tell(Ended("PostToolUse", "s"), "text").stdout)
    assert said == {"hookSpecificOutput": {"hookEventName": "PostToolUse", "additionalContext": "text"}}
