"""Codex takes a deny with a reason; what else it could be told counts as a failed hook there, and the tool runs."""

from __future__ import annotations

import json

import pytest

from lictor.hooks.codex import PROTOCOL
from lictor.hooks.interface import Answer


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
