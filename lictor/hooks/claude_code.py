"""Claude Code's hooks: ``PreToolUse`` with a decision of allow, ask or deny.

``allow`` skips the agent's own question, so it is said only where the caller was told to. Without output the agent's
permissions decide as if there were no hook.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lictor.hooks.fields import call_of, context, ended_of
from lictor.hooks.interface import Answer, Call, Ended, Output

BEFORE = "PreToolUse"
AFTER = ("PostToolUse", "PostToolUseFailure")
"""A tool that failed, as a command that was ended did, has an event of its own."""


def decision(kind: str, reason: str) -> Output:
    """A decision in the form that Claude Code and Codex share."""
    said = {"hookEventName": BEFORE, "permissionDecision": kind, "permissionDecisionReason": reason}
    return Output(json.dumps({"hookSpecificOutput": said}))


class ClaudeCode:
    """Claude Code, and agents that speak its protocol."""

    name = "claude-code"
    agent = "claude-code"
    project: tuple[str, ...] = ("CLAUDE_PROJECT_DIR",)

    def speaks(self, data: Mapping[str, Any]) -> bool:
        """Codex names the same events; only it has turns."""
        return isinstance(data.get("hook_event_name"), str) and "turn_id" not in data

    def call(self, data: Mapping[str, Any]) -> Call | None:
        """The call of ``PreToolUse``; the other events pass."""
        return call_of(data, BEFORE)

    def say(self, answer: Answer) -> Output:
        """Each kind has its word."""
        return Output() if answer.kind == "none" else decision(answer.kind, answer.reason)

    def ended(self, data: Mapping[str, Any]) -> Ended | None:
        """The call that is over."""
        return ended_of(data, AFTER)

    def tell(self, ended: Ended, text: str) -> Output:
        """A text beside the tool's result."""
        return context(ended, text)


PROTOCOL = ClaudeCode()
