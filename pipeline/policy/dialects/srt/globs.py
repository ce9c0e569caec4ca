"""The path patterns of srt, read as srt reads them and written as patterns of the policy language.

No character quotes another there; ``[!a]`` is a set of two characters; a set may match ``/``; ``**/`` behind text
also matches nothing (``a**/b`` matches ``ab``); brackets that spell no set are text. All of it can be said here,
except a set that matches ``/``: a deny then takes any text in its place, an allow what is left of the set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUOTED = re.compile(r"([\\*?\[\]{},])")
_WILD = frozenset("*?[]")
_IN_BRACES = "!^[]-\\"
"""Characters that mean something in a set of the policy language; they are written as alternatives."""


@dataclass(frozen=True)
class Piece:
    """A part of a pattern: ``text``, ``?``, ``*``, ``**``, ``**/`` or ``set`` with the ranges of its members."""

    kind: str
    text: str = ""
    ranges: tuple[tuple[str, str], ...] = ()

    @property
    def crosses(self) -> bool:
        """Whether a set matches ``/``."""
        return any(low <= "/" <= high for low, high in self.ranges)


def is_glob(path: str) -> bool:
    """Whether srt takes a path for a pattern."""
    return bool(_WILD & set(path))


def quoted(text: str) -> str:
    """A pattern of the policy language that matches exactly this text."""
    return _QUOTED.sub(r"\\\1", text)


def pieces(pattern: str) -> list[Piece]:
    """A pattern as srt reads it; every text is one."""
    found: list[Piece] = []
    at = 0
    while at < len(pattern):
        piece, at = _piece(pattern, at)
        found += [p for p in piece if not (p.kind == "**/" and found and found[-1].kind == "**/")]
    return found


def translated(pattern: str, *, deny: bool) -> tuple[str, bool]:
    """The pattern here, and whether it is the same; else a deny matches more and an allow less.

    Nothing where the pattern ends in ``/``, since no path does.
    """
    exact, made = True, ""
    parts = pieces(pattern)
    if len(parts) > 1 and parts[-1].kind == "**/" and not _ends_in_slash(parts[-2]):
        parts.pop()
    if _ends_in_slash(parts[-1]):
        return "", True
    for piece in parts:
        match piece.kind:
            case "text":
                made += quoted(piece.text)
            case "**/":
                made += "**/" if made.endswith("/") or not made else "{**/,}"
            case "set":
                exact = exact and not piece.crosses
                inside = "**" if piece.crosses and deny else _set(piece)
                if not inside:
                    return "", False
                made += inside
            case _:
                made += piece.kind
    return made + "/*" if made.endswith("/**") else made, exact  # '/x/**' is '/x' too here, and only here


def _ends_in_slash(piece: Piece) -> bool:
    return piece.kind == "**/" or piece.text.endswith("/")


def _piece(pattern: str, at: int) -> tuple[list[Piece], int]:
    character = pattern[at]
    if character == "?":
        return [Piece("?")], at + 1
    if character == "*":
        return _stars(pattern, at)
    if character == "[":
        close = pattern.find("]", at + 1)
        ranges = _ranges(pattern[at + 1 : close]) if close > 0 else ()
        if ranges:
            return [Piece("set", ranges=ranges)], close + 1
        end = close + 1 if close > 0 else len(pattern)
        return _text_with_wildcards(pattern[at:end]), end
    found = re.compile(r"[^*?\[]+").match(pattern, at)
    return [Piece("text", found[0])] if found else [], found.end() if found else at + 1


def _text_with_wildcards(text: str) -> list[Piece]:
    """Brackets that spell no set: they are text, what is between them keeps its meaning."""
    found: list[Piece] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            found.append(Piece("text", "["))
            at += 1
        else:
            piece, at = _piece(text, at)
            found += piece
    return found


def _stars(pattern: str, at: int) -> tuple[list[Piece], int]:
    """A run of stars: its last two go with a ``/`` that follows, two or more of the rest are ``**``."""
    end = at + len(pattern[at:]) - len(pattern[at:].lstrip("*"))
    count = end - at
    with_slash = count >= 2 and pattern[end : end + 1] == "/"
    rest = count - 2 if with_slash else count
    found = [Piece("**")] if rest >= 2 else [Piece("*")] * rest
    return [*found, *[Piece("**/")] * with_slash], end + with_slash


def _ranges(members: str) -> tuple[tuple[str, str], ...]:
    """The ranges of a set; nothing where the members spell none."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(members):
        low = high = members[at]
        if members[at + 1 : at + 2] == "-" and at + 2 < len(members):
            high = members[at + 2]
            at += 2
        if high < low:
            return ()
        found.append((low, high))
        at += 1
    return tuple(found)


def _set(piece: Piece) -> str:
    """A set without ``/``; alternatives for the members that a set here cannot hold."""
    inside, alone = "", ""
    for low, high in piece.ranges:
        for first, last in _around_slash(ord(low), ord(high)):
            start, end = first, last
            while start <= end and chr(start) in _IN_BRACES:
                alone += chr(start)
                start += 1
            while end >= start and chr(end) in _IN_BRACES:
                alone += chr(end)
                end -= 1
            if start <= end:
                inside += chr(start) if start == end else f"{chr(start)}-{chr(end)}"
    choices = [*([f"[{inside}]"] if inside else []), *(quoted(c) for c in dict.fromkeys(alone))]
    return "{" + ",".join(choices) + "}" if len(choices) > 1 else "".join(choices)


def _around_slash(low: int, high: int) -> list[tuple[int, int]]:
    slash = ord("/")
    if not low <= slash <= high:
        return [(low, high)]
    return [span for span in ((low, slash - 1), (slash + 1, high)) if span[0] <= span[1]]
