"""``when`` of nono: on which platform an entry counts. For Linux the answer is yes, no, or (for a distribution) not known."""

from __future__ import annotations

import re
from typing import Any

_PART = re.compile(r"[A-Za-z0-9_.-]+")
_VERSION = re.compile(r"(?:==|>=|<=|>|<)?[A-Za-z0-9_.-]+")
_MOST = {"linux": 4, "macos": 2, "windows": 3}


def wrong(when: Any) -> str | None:
    """Why nono refuses a predicate, or ``None``."""
    for text in when if isinstance(when, list) else [when]:
        body = str(text).strip().removeprefix("!")
        parts = body.split(":")
        system = parts[0]
        versions = parts[2:3] if system == "linux" else parts[1:] if system in _MOST else []
        names = [p for p in parts if p not in versions]
        if len(parts) > _MOST.get(system, len(parts)) or not all(map(_PART.fullmatch, names)):
            return f"'{text}' is no platform such as linux, macos:>=15 or !linux:nixos"
        if not all(map(_VERSION.fullmatch, versions)):
            return f"'{text}': a version looks like 24.04 or >=24.04"
    return None


def holds(when: Any) -> bool | None:
    """Whether a predicate (any of a list) holds on Linux; ``None`` where that depends on the distribution."""
    if when is None:
        return True
    answers = [_one(str(text).strip()) for text in (when if isinstance(when, list) else [when])]
    return True if True in answers else None if None in answers else False


def _one(text: str) -> bool | None:
    negated = text.startswith("!")
    parts = text.removeprefix("!").split(":")
    if parts[0] != "linux":
        return negated
    return None if len(parts) > 1 else not negated
