"""Claude Code's hooks: ``PreToolUse`` with a decision of allow, ask or deny.

``allow`` skips the agent's own question, so it is said only where the caller was told to. Without output the agent's
permissions decide as if there were no hook.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lictor.hooks.fields import call_of
from lictor.hooks.interface import Answer, Call, Output

BEFORE = "PreToolUse"


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


PROTOCOL = ClaudeCode()
