"""Reads why a run was stopped: the lines of its file that are newer than what the reader knows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lictor.telling.believed import REASONS_FILE, read_believed

_LARGEST = 2 << 20
"""Lictor starts the file anew at half of that; a larger one is none of its own."""


@dataclass(frozen=True)
class Reason:
    """One thing that was stopped; ``time`` is ISO 8601 in UTC, and later in each line."""

    time: str
    operation: str
    object: str
    rule: str
    action: str
    because: str
    instead: str


def newer_than(folder: Path, time: str) -> list[Reason]:
    """The reasons in a run's folder after a time, oldest first; none where the file cannot be believed."""
    data = read_believed(folder, REASONS_FILE, _LARGEST) or b""
    found: list[Reason] = []
    for line in reversed(data[: data.rfind(b"\n") + 1].splitlines()):
        reason = _reason(line)
        if reason is not None and reason.time <= time:
            break  # times only go forward, so all before it are known too
        if reason is not None:
            found.append(reason)
    return found[::-1]


def _reason(line: bytes) -> Reason | None:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("time"), str):
        return None
    return Reason(**{name: _text(fields.get(name)) for name in Reason.__dataclass_fields__})


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
