"""Types of the parameters of hunts: what a person may write, and the SQL literal that it becomes.

A value never becomes part of the SQL as it was written. It is read by its type, and what was
read is written anew as a literal, so that no text can leave its quotes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

_UNIT_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_GLOB = re.compile(r"\*\*/|\*\*|\*|\?|[{},]|[^*?{},]+")
_HOME = "(?:/root|/home/[^/]+|/Users/[^/]+)"
NOTHING = r"[^\x00-\x{10FFFF}]"
"""A pattern that no text has."""
MAX_DURATION = timedelta(days=36500)


class ParameterError(ValueError):
    """A value is not of its type; the text says what is wanted."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a hunt; ``default`` is a value as a person would write it."""

    name: str
    type: str
    default: str
    meaning: str

    def literal(self, value: Any) -> str:
        """SQL for a value: the type itself, or text to be read. Raises ``ParameterError``."""
        return TYPES[self.type](value)


def duration(value: str | timedelta) -> timedelta:
    """``90s``, ``10m``, ``24h``, ``7d``. Raises ``ParameterError``."""
    if isinstance(value, timedelta):
        span = value
    elif isinstance(value, str) and (found := _DURATION.fullmatch(value.strip())):
        seconds = float(found[1]) * _UNIT_S[found[2]]
        span = timedelta(seconds=seconds) if seconds <= MAX_DURATION.total_seconds() else MAX_DURATION * 2
    else:
        raise ParameterError(f"{value!r} is no duration: write 30s, 10m, 24h or 7d")
    if not timedelta(0) <= span <= MAX_DURATION:
        raise ParameterError(f"{value!r} is out of range: a duration is between 0s and {MAX_DURATION.days}d")
    return span


def moment(value: str | datetime) -> datetime:
    """A time of ISO 8601; without a zone it is UTC. Raises ``ParameterError``."""
    try:
        read = value if isinstance(value, datetime) else datetime.fromisoformat(value.strip())
    except (ValueError, AttributeError):
        raise ParameterError(f"{value!r} is no time: write 2026-01-31T12:00:00Z") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def items(value: str | Sequence[str]) -> list[str]:
    """Members of a list: a sequence, or text with commas (those in braces separate nothing)."""
    if not isinstance(value, str):
        if isinstance(value, Sequence) and all(isinstance(v, str) for v in value):
            return list(value)
        raise ParameterError(f"{value!r} is no list of texts: write a,b,c")
    parts = re.findall(r"(?:\{[^}]*\}|[^,{])+", value)
    return [part.strip() for part in parts if part.strip()]


def pattern(glob: str) -> str:
    """Regular expression of one glob: ``~/`` is any home, ``**`` any text, ``*`` and ``?`` no slash, ``{a,b}`` either."""
    home = glob.startswith("~/")
    parts, depth = [_HOME if home else ""], 0
    for piece in _GLOB.findall(glob[1:] if home else glob):
        depth += (piece == "{") - (piece == "}")
        if depth not in {0, 1}:
            break
        in_braces = piece == "," and depth
        parts.append("|" if in_braces else _GLOB_PARTS.get(piece) or re.escape(piece))
    if depth:
        raise ParameterError(f"{glob!r}: braces do not fit together; write {{a,b}}, not nested")
    return "".join(parts)


# Line breaks too: a folder whose name has one hides nothing.
_GLOB_PARTS = {"**/": "(?s:.*/)?", "**": "(?s:.*)", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": ","}


def text_literal(value: Any) -> str:
    """A text in quotes; what cannot be printed stands beside them by number, since names in a lake may hold anything.

    Raises ``ParameterError`` for what is no text, or holds a NUL or half a character.
    """
    if not isinstance(value, str):
        raise ParameterError(f"{value!r} is no text")
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise ParameterError(f"{value!r} holds characters that no text of a lake can hold")
    if value.isprintable():
        return _quoted(value)
    parts = (_quoted("".join(part)) if fine else _numbered(part) for fine, part in groupby(value, str.isprintable))
    return f"({' || '.join(parts)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _numbered(characters: Iterable[str]) -> str:
    return " || ".join(f"chr({ord(c)})" for c in characters)


def _int(value: Any) -> str:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not _WHOLE.fullmatch(text.strip()):
        raise ParameterError(f"{value!r} is no whole number")
    read = int(text)
    if abs(read) >= 2**63:
        raise ParameterError(f"{value!r} is too large")
    return f"({read})::BIGINT"


def _number(value: Any) -> str:
    try:
        read = float(value)
    except (TypeError, ValueError):
        raise ParameterError(f"{value!r} is no number") from None
    if not math.isfinite(read):
        raise ParameterError(f"{value!r} is no finite number")
    return f"({read!r})::DOUBLE"


def _duration(value: Any) -> str:
    return f"to_microseconds({duration(value) // timedelta(microseconds=1)})"


def _time(value: Any) -> str:
    if value in {"-infinity", "infinity"}:
        return f"'{value}'::TIMESTAMPTZ"
    return f"'{moment(value).astimezone(UTC).isoformat()}'::TIMESTAMPTZ"


def _texts(value: Any) -> str:
    return f"[{', '.join(map(text_literal, items(value)))}]::VARCHAR[]"


def _globs(value: Any) -> str:
    listed = items(value)
    return text_literal("(?:" + "|".join(map(pattern, listed)) + ")" if listed else NOTHING)


def _regex(value: Any) -> str:
    import re2  # noqa: PLC0415 - the engine's own dialect; only hunts with such a parameter need it

    literal = text_literal(value)
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(value, options)
    except re2.error as error:
        raise ParameterError(f"{value!r} is no regular expression: {error}") from None
    return literal


TYPES: dict[str, Callable[[Any], str]] = {
    "text": text_literal,
    "int": _int,
    "number": _number,
    "duration": _duration,
    "time": _time,
    "texts": _texts,
    "globs": _globs,
    "regex": _regex,
}
"""What a parameter may be. ``globs`` becomes one regular expression, for ``regexp_full_match``."""
