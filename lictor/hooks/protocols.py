"""The protocols that there are, and which one some JSON is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lictor.errors import LictorError
from lictor.hooks import claude_code, codex, gemini
from lictor.hooks.interface import HookProtocol

PROTOCOLS: tuple[HookProtocol, ...] = (gemini.PROTOCOL, codex.PROTOCOL, claude_code.PROTOCOL)
"""From the one that is most easily told to the one that is left."""

NAMES = ("claude-code", "codex", "gemini")


def protocol_of(data: Mapping[str, Any], name: str | None) -> HookProtocol:
    """The protocol of that name, or without one the protocol that the JSON is in; raises ``LictorError``."""
    if name is not None:
        found = next((p for p in PROTOCOLS if p.name == name), None)
        if found is None:
            raise LictorError(f"no protocol '{name}': known are {', '.join(NAMES)}")
        return found
    found = next((p for p in PROTOCOLS if p.speaks(data)), None)
    if found is None:
        raise LictorError("this is no hook's JSON: it has no 'hook_event_name'; is the command set up as a hook?")
    return found
