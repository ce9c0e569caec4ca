"""Codex's hooks: ``PreToolUse`` as Claude Code has it, of which Codex takes the deny only.

It counts ``ask`` and a bare ``allow`` as an invalid answer, and a hook with an invalid answer has failed: the tool
runs. So a question becomes a deny that says who can lift it, and an allow is said by saying nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lictor.hooks.claude_code import AFTER, BEFORE, decision
from lictor.hooks.fields import call_of, context, ended_of
from lictor.hooks.interface import Answer, Call, Ended, Output

UNASKED = "A person has to agree to this, and the hooks of this agent cannot ask one. "
"""Stands before the reason of a question that became a deny."""


class Codex:
    """OpenAI Codex."""

    name = "codex"
    agent = "codex"
    project: tuple[str, ...] = ()

    def speaks(self, data: Mapping[str, Any]) -> bool:
        """Events of Codex belong to a turn."""
        return isinstance(data.get("hook_event_name"), str) and "turn_id" in data

    def call(self, data: Mapping[str, Any]) -> Call | None:
        """The call of ``PreToolUse``; the other events pass."""
        return call_of(data, BEFORE)

    def say(self, answer: Answer) -> Output:
        """A deny, or nothing."""
        if answer.kind not in ("ask", "deny"):
            return Output()
        return decision("deny", (UNASKED if answer.kind == "ask" else "") + answer.reason)

    def ended(self, data: Mapping[str, Any]) -> Ended | None:
        """The call that is over."""
        return ended_of(data, AFTER)

    def tell(self, ended: Ended, text: str) -> Output:
        """A text beside the tool's result."""
        return context(ended, text)


PROTOCOL = Codex()
