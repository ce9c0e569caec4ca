"""Whether two patterns may match the same text: hosts by label, HTTP paths as OpenShell's glob library reads them.

A search through pairs of positions: a star may be left or may eat a character that both sides can have.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

_LAST = 0x10FFFF
_MEMBER = re.compile(r"(?s).-.|.")

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Token:
    """Characters that may stand at one place; a star any number of them."""

    spans: Spans
    star: bool = False


def hosts_overlap(left: str, right: str) -> bool:
    """As host patterns: ``*`` stays within a label, ``**`` does not; no host is any host."""
    if not left or not right:
        return True
    return _overlap(_host(left.lower()), _host(right.lower()))


def paths_overlap(left: str, right: str) -> bool:
    """As path patterns of endpoints; what is no pattern is taken to match anything."""
    everything = ("", "**", "/**")
    if left in everything or right in everything:
        return True
    first, second = _path(left), _path(right)
    return first is None or second is None or _overlap(first, second)


def specificity(path: str) -> int:
    """Of endpoints whose paths match, the one with most characters that are no star is used."""
    return len(path.replace("*", ""))


def _overlap(left: list[Token], right: list[Token]) -> bool:
    pending, seen = deque([(0, 0)]), set()
    while pending:
        at = pending.popleft()
        if at in seen:
            continue
        seen.add(at)
        i, j = at
        if (i, j) == (len(left), len(right)):
            return True
        if i < len(left) and left[i].star:
            pending.append((i + 1, j))
        if j < len(right) and right[j].star:
            pending.append((i, j + 1))
        if i < len(left) and j < len(right) and _share(left[i].spans, right[j].spans):
            pending.append((i + (not left[i].star), j + (not right[j].star)))
    return False


def _share(left: Spans, right: Spans) -> bool:
    return any(a <= d and c <= b for a, b in left for c, d in right)


def _literal(character: str) -> Token:
    return Token(((ord(character), ord(character)),))


def _host(pattern: str) -> list[Token]:
    found = []
    for part in re.findall(r"(?s)\*+|.", pattern):
        if part[0] != "*":
            found.append(_literal(part))
        else:
            spans = ((0, _LAST),) if len(part) > 1 else ((0, ord(".") - 1), (ord(".") + 1, _LAST))
            found.append(Token(spans, star=True))
    return found


def _path(pattern: str) -> list[Token] | None:
    found, at = [], 0
    while at < len(pattern):
        piece = re.compile(r"(?s)\*+|\[(!?)(.[^]]*)\]|.").match(pattern, at)
        if piece is None or (piece[0][0] == "*" and not _stars_hold(pattern, piece)) or piece[0] == "[":
            return None
        at = piece.end()
        if piece[0][0] == "*":
            at += len(piece[0]) == 2 and pattern[at : at + 1] == "/"
            found.append(Token(((0, _LAST),), star=True))
        elif piece[0] == "?":
            found.append(Token(((0, _LAST),)))
        else:
            found.append(_literal(piece[0]) if piece[2] is None else _set(piece[2], negated=bool(piece[1])))
    return found


def _stars_hold(pattern: str, piece: re.Match[str]) -> bool:
    """One star anywhere, two only as a whole component."""
    if len(piece[0]) == 1:
        return True
    before, after = pattern[: piece.start()][-1:], pattern[piece.end() :][:1]
    return len(piece[0]) == 2 and before in ("", "/") and after in ("", "/")


def _set(members: str, *, negated: bool) -> Token:
    spans = sorted((ord(m[0]), ord(m[-1])) for m in _MEMBER.findall(members) if m[0] <= m[-1])
    if not negated:
        return Token(tuple(spans))
    left, start = [], 0
    for low, high in spans:
        if start < low:
            left.append((start, low - 1))
        start = max(start, high + 1)
    return Token((*left, (start, _LAST)) if start <= _LAST else tuple(left))
