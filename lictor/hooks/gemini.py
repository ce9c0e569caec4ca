"""Gemini CLI's hooks: ``BeforeTool`` with a decision and a reason.

Its reference knows allow and deny. Versions that know ``ask`` cannot be told from those that let the tool run on it,
so a question becomes a deny that says who can lift it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lictor.hooks.codex import UNASKED
from lictor.hooks.fields import call_of, context, ended_of
from lictor.hooks.interface import Answer, Call, Ended, Output

BEFORE = "BeforeTool"
AFTER = ("AfterTool",)
EVENTS = (
    BEFORE, "AfterTool", "BeforeAgent", "AfterAgent", "BeforeModel", "AfterModel", "BeforeToolSelection", "PreCompress",
)  # fmt: skip
"""Events by names that only Gemini CLI has; it shares the names of sessions' events with Claude Code."""


class Gemini:
    """Gemini CLI."""

    name = "gemini"
    agent = "gemini-cli"
    project: tuple[str, ...] = ("GEMINI_PROJECT_DIR",)

    def speaks(self, data: Mapping[str, Any]) -> bool:
        """The names of its events tell."""
        return data.get("hook_event_name") in EVENTS

    def call(self, data: Mapping[str, Any]) -> Call | None:
        """The call of ``BeforeTool``; the other events pass."""
        return call_of(data, BEFORE)

    def say(self, answer: Answer) -> Output:
        """A decision at the top of the JSON."""
        if answer.kind == "none":
            return Output()
        kind = "deny" if answer.kind == "ask" else answer.kind
        reason = (UNASKED if answer.kind == "ask" else "") + answer.reason
        return Output(json.dumps({"decision": kind, "reason": reason}))

    def ended(self, data: Mapping[str, Any]) -> Ended | None:
        """The call that is over."""
        return ended_of(data, AFTER)

    def tell(self, ended: Ended, text: str) -> Output:
        """A text beside the tool's result."""
        return context(ended, text)


PROTOCOL = Gemini()
