"""What the protocols read and say alike: values of an agent's JSON by type, calls, and texts for the agent.

The JSON is what a model wrote, so no field of it can be relied on: what is of another type is not there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from lictor.hooks.interface import Call, Ended, Output


def whole(value: str) -> str:
    """Text without halves of surrogate pairs, which JSON can hold and no file name: agents write U+FFFD for them."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text(data: Mapping[str, Any], *names: str) -> str | None:
    """The first of some fields that is text and not empty."""
    for name in names:
        value = data.get(name)
        if isinstance(value, str) and value:
            return whole(value)
    return None


def texts(data: Mapping[str, Any], *names: str) -> list[str]:
    """All texts of some fields, each a text or a list of them."""
    found: list[str] = []
    for name in names:
        value = data.get(name)
        found += [whole(v) for v in (value if isinstance(value, list) else [value]) if isinstance(v, str) and v]
    return found


def call_of(data: Mapping[str, Any], before: str) -> Call | None:
    """The call of a hook event of this name; the three protocols name its fields alike."""
    tool, given = text(data, "tool_name"), data.get("tool_input")
    if data.get("hook_event_name") != before or tool is None:
        return None
    return Call(tool, given if isinstance(given, Mapping) else {}, text(data, "cwd") or "")


def ended_of(data: Mapping[str, Any], after: Collection[str]) -> Ended | None:
    """The call that is over, of a hook event of one of these names."""
    event = text(data, "hook_event_name")
    return Ended(event, text(data, "session_id") or "") if event in after and event is not None else None


def context(ended: Ended, said: str) -> Output:
    """A text for the agent beside a tool's result; the three protocols have one form for it."""
    return Output(json.dumps({"hookSpecificOutput": {"hookEventName": ended.event, "additionalContext": said}}))
