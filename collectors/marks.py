"""The environment marks that agents set for their tool calls, as data, and what follows from them.

A collector reads these few variables from a new program's memory after exec and keeps them
as a JSON object in ``activity.marks``. Some of them carry an identifier that the agent's own
telemetry carries too; ``columns`` turns those into activity columns, so that a kernel fact
and a claim can be joined. A mark is a hint, never proof: any process can set or drop it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline import schema


@dataclass(frozen=True)
class Mark:
    """One environment variable: who sets it, what it means, which activity columns it fills."""

    name: str
    agent: str | None
    meaning: str
    fills: tuple[str, ...] = ()
    observed: bool = False
    """True where it was seen in a real agent's children; else taken from public sources."""


MARKS: tuple[Mark, ...] = (
    Mark("CODEX_TOOL_CALL_ID", "codex", "id of the tool call; equals call_id of its telemetry", ("tool_call",), observed=True),
    Mark("CODEX_THREAD_ID", "codex", "id of the conversation; equals conversation.id of its telemetry", ("conversation",), observed=True),
    Mark("CODEX_SESSION_ID", "codex", "the same value as CODEX_THREAD_ID", ("conversation",), observed=True),
    Mark("TRACEPARENT", None, "W3C trace context, inherited unchanged by tool children", ("trace_id", "span_id"), observed=True),
    Mark("CLAUDECODE", "claude-code", "1 in every shell that Claude Code starts"),
    Mark("GEMINI_CLI", "gemini-cli", "1 in every tool call of Gemini CLI", observed=True),
    Mark("OPENCODE", "opencode", "1 in every child of opencode, also its own git snapshots", observed=True),
    Mark("OPENCODE_PID", "opencode", "pid of opencode", observed=True),
    Mark("QWEN_CODE", "qwen", "1 in every tool call of Qwen Code", observed=True),
    Mark("CURSOR_AGENT", "cursor", "1 in every shell that the Cursor agent starts"),
    Mark("AI_AGENT", None, "name of the agent, by a convention that several agents follow"),
    Mark("AGENT", None, "name of the agent, or 1 (opencode)", observed=True),
)  # fmt: skip
"""In order of precedence: of two marks that fill one column, the first one present wins."""

NAMES: tuple[str, ...] = tuple(m.name for m in MARKS)
"""What a collector looks for in the environment of a new program."""

FILLED: tuple[str, ...] = tuple(dict.fromkeys(column for m in MARKS for column in m.fills))
"""The activity columns that ``columns`` gives."""

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")


def columns(marks: pa.Array) -> dict[str, pa.DictionaryArray]:
    """Activity columns that follow from ``marks``, one array of the same length for each of ``FILLED``.

    ``marks`` is a string or dictionary<int32, string> array of JSON objects, as in
    ``activity.marks``. Each distinct text is read once. NULL where a mark is absent; a text
    that is no JSON object, or a malformed trace context, fills nothing, since programs can
    put anything into their environment.
    """
    encoded = marks if pa.types.is_dictionary(marks.type) else marks.dictionary_encode()
    rows = [_read(text) for text in encoded.dictionary.to_pylist()]
    return {name: _spread(encoded.indices, [row.get(name) for row in rows]) for name in FILLED}


def agent_of(text: str | None) -> str | None:
    """The agent that one ``activity.marks`` text speaks of; ``None`` where it names none."""
    present = _load(text)
    return next((m.agent for m in MARKS if m.agent and m.name in present), None)


def _spread(indices: pa.Array, values: Sequence[str | None]) -> pa.DictionaryArray:
    """Values by dictionary index → dictionary<int32, string> array of rows."""
    per_row = pa.array(values, pa.string()).dictionary_encode()
    return per_row.take(indices).cast(schema.DICTIONARY)


def _read(text: str | None) -> dict[str, str]:
    """Activity columns → values that one marks text fills."""
    filled: dict[str, str] = {}
    present = _load(text)
    for mark in MARKS:
        if mark.fills and mark.name in present:
            values = zip(mark.fills, _values(mark, present[mark.name]), strict=False)
            filled = {**dict(values), **filled}
    return filled


def _values(mark: Mark, value: str) -> tuple[str, ...]:
    if mark.name == "TRACEPARENT":
        found = _TRACEPARENT.fullmatch(value)
        return found.groups() if found else ()
    return (value,) if value else ()


def _load(text: str | None) -> dict[str, str]:
    """Marks text → its string members; empty for anything that is no JSON object."""
    try:
        read = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return {k: v for k, v in read.items() if isinstance(v, str)} if isinstance(read, dict) else {}
