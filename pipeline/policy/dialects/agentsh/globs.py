r"""Path and domain patterns of agentsh as patterns of Lictor, from below and from above.

agentsh matches with gobwas/glob: ``*`` stops at the separator and may be empty, ``**`` crosses it, ``[abc]``
and ``[a-z]`` are sets (one list or one range), ``{a,b}`` alternatives, a backslash quotes. Most patterns
come over exactly. Where one does not, ``lower`` holds patterns that match nothing else and ``upper`` patterns that
miss nothing: an allow may use the first only, a deny needs the second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 128
"""Alternatives of one pattern; more are taken for anything."""

_SPECIAL = re.compile(r"([\\*?\[\]{},])")
_IMPOSSIBLE = re.compile("//|(?:^|/)\\.{1,2}(?:/|$)|/\0(?:workspace|HOME|GIT_ROOT)\0")
"""What no path has: an empty component, '.', '..', or an absolute path inside."""

_CROSSING = re.compile(r"(?<=/)\*\*(?=/|$)")
"""``/x/**`` of gobwas is what stands below ``/x``, Lictor's also ``/x`` itself: so a component is put in between."""

_PLAIN_SET = re.compile(r"[A-Za-z0-9_. ]+")


class PatternError(ValueError):
    """A pattern that agentsh refuses."""


@dataclass(frozen=True)
class Piece:
    """``kind`` is text, any, super, single, set, outside (a negated set) or either (alternatives)."""

    kind: str
    text: str = ""
    parts: tuple[tuple[Piece, ...], ...] = ()


@dataclass(frozen=True)
class Between:
    """Patterns from below and from above; equal, or ``near`` enough, where the source's pattern comes over exactly."""

    lower: tuple[str, ...]
    upper: tuple[str, ...]
    near: bool = False

    @property
    def exact(self) -> bool:
        """Whether both say the same."""
        return self.near or self.lower == self.upper


NOTHING = Between((), ())


def pieces(pattern: str) -> tuple[Piece, ...]:
    """The pattern in pieces; raises ``PatternError`` as gobwas does."""
    found, at = _sequence(pattern, 0, inside=False)
    while at < len(pattern):  # a closing brace without an opening one is plain text
        rest, at = _sequence(pattern, at + 1, inside=False)
        found = (*found, Piece("text", "}"), *rest)
    return found


def _sequence(pattern: str, at: int, *, inside: bool) -> tuple[tuple[Piece, ...], int]:
    found: list[Piece] = []
    while at < len(pattern) and not (inside and pattern[at] in ",}"):
        sign = pattern[at]
        if sign == "*":
            double = pattern.startswith("**", at)
            found.append(Piece("super" if double else "any"))
            at += 1 + double
        elif sign == "?":
            found.append(Piece("single"))
            at += 1
        elif sign == "[":
            piece, at = _set(pattern, at + 1)
            found.append(piece)
        elif sign == "{":
            piece, at = _either(pattern, at + 1)
            found.append(piece)
        else:
            text, at = _text(pattern, at, "?*[{,}" if inside else "?*[{")
            found.append(Piece("text", text))
    return tuple(found), at


def _text(pattern: str, at: int, stops: str) -> tuple[str, int]:
    text = ""
    while at < len(pattern) and pattern[at] not in stops:
        if pattern[at] == "\\":
            at += 1
        text += pattern[at : at + 1]
        at += 1
    return text, at


def _either(pattern: str, at: int) -> tuple[Piece, int]:
    """Alternatives; the end of the pattern closes them too."""
    parts = []
    while True:
        part, at = _sequence(pattern, at, inside=True)
        parts.append(part)
        if at >= len(pattern) or pattern[at] == "}":
            return Piece("either", "", tuple(parts)), at + 1
        at += 1


def _set(pattern: str, at: int) -> tuple[Piece, int]:
    negated = pattern.startswith("!", at)
    at += negated
    kind = "outside" if negated else "set"
    if pattern[at + 1 : at + 2] == "-":
        low, high = pattern[at], pattern[at + 2 : at + 3]
        if not high or pattern[at + 3 : at + 4] != "]":
            raise PatternError("a range is not closed by ']'")
        if high < low:
            raise PatternError(f"the range '{low}-{high}' is upside down")
        return Piece(kind, "".join(map(chr, range(ord(low), ord(high) + 1)))), at + 4
    text, end = _text(pattern, at, "]")
    if end >= len(pattern) or not text:
        raise PatternError("a set is empty or not closed by ']'")
    return Piece(kind, text), end + 1


def spread(found: Iterable[Piece]) -> list[tuple[Piece, ...]] | None:
    """The sequences without alternatives that a pattern stands for; ``None`` where there are too many."""
    made: list[tuple[Piece, ...]] = [()]
    for piece in found:
        if piece.kind != "either":
            made = [(*m, piece) for m in made]
            continue
        inner: list[tuple[Piece, ...]] = []
        for part in piece.parts:
            inner += spread(part) or []
        made = [m + i for m in made for i in inner]
        if len(made) > MOST:
            return None
    return made


def path_patterns(pattern: str) -> Between:
    """A path pattern; raises ``PatternError``. Variables (``${NAME}``) are those of ``agentsh_variables``."""
    found = spread(pieces(pattern))
    if found is None:
        return Between((), ("**",))
    lower: list[str] = []
    upper: list[str] = []
    for sequence in found:
        for text, exact in _paths(sequence):
            upper.append(text)
            if exact:
                lower.append(text)
    return Between(tuple(dict.fromkeys(lower)), tuple(dict.fromkeys(upper)))


def _paths(sequence: tuple[Piece, ...]) -> Iterator[tuple[str, bool]]:
    """Patterns of Lictor for one sequence, and whether each is exact; none where no path can match."""
    joined = _absolute(_merged(sequence))
    if joined is None:
        return
    text, exact = "", True
    for piece in joined:
        part, same = _piece(piece)
        text, exact = text + part, exact and same
    if text == "**/":
        yield "/", exact
    elif not _IMPOSSIBLE.search(text) and (text == "/" or not text.endswith("/")):
        yield text if text == "/**" else _CROSSING.sub("*/**", text), exact


def _merged(sequence: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Runs of ``*`` as one piece; a ``**`` among them takes the others in."""
    made: list[Piece] = []
    for piece in sequence:
        if made and piece.kind in ("any", "super") and made[-1].kind in ("any", "super"):
            made[-1] = max(made[-1], piece, key=lambda p: p.kind)
        else:
            made.append(piece)
    return tuple(made)


def _absolute(sequence: tuple[Piece, ...]) -> tuple[Piece, ...] | None:
    """A sequence that begins as a path of Lictor must; ``None`` where it cannot match an absolute path."""
    if not sequence:
        return None
    first, rest = sequence[0], sequence[1:]
    if first.kind == "any":
        return _absolute(rest)
    if first.kind == "super":
        return sequence if not rest or rest[0].text.startswith("/") else (Piece("text", "/"), *sequence)
    if first.kind == "outside" or (first.kind == "set" and "/" in first.text):
        return (Piece("text", "/"), Piece("outside"), *rest)
    return sequence if first.kind == "text" and first.text.startswith(("/", "\0")) else None


def _piece(piece: Piece) -> tuple[str, bool]:
    if piece.kind == "text":
        return _SPECIAL.sub(r"\\\1", piece.text), True
    if piece.kind in ("any", "super", "single"):
        return {"any": "*", "super": "**", "single": "?"}[piece.kind], True
    if piece.kind == "outside":
        return "**", False  # a negated set of gobwas also matches the separator
    if _PLAIN_SET.fullmatch(piece.text):
        return f"[{piece.text}]", True
    if "/" not in piece.text and len(piece.text) <= MOST:
        return "{" + ",".join(_SPECIAL.sub(r"\\\1", c) for c in piece.text) + "}", True
    return "**", False


def with_tops(patterns: Iterable[str]) -> tuple[str, ...]:
    """``/x/*/**`` as ``/x/**``: more by ``/x`` itself, and a form that the kernel can look up."""
    return tuple(dict.fromkeys(re.sub(r"/\*/\*\*$", "/**", p) for p in patterns))


def domain_patterns(pattern: str) -> Between:
    """A domain pattern, lower case, with '.' as separator; ``*`` in the result is any name."""
    found = spread(pieces(pattern.lower()))
    if found is None:
        return Between((), ("*",))
    lower: list[str] = []
    upper: list[str] = []
    for sequence in found:
        text, exact = _domain(sequence)
        if text:
            upper.append(text)
            lower += [text] if exact else []
    return Between(tuple(dict.fromkeys(lower)), tuple(dict.fromkeys(upper)))


def _domain(sequence: tuple[Piece, ...]) -> tuple[str, bool]:
    """One pattern of Lictor; ``*.example.com`` is any depth there and one label here, so it is exact from above only."""
    if all(p.kind == "text" for p in sequence):
        return "".join(p.text for p in sequence), True
    if len(sequence) == 1 and sequence[0].kind == "super":
        return "*", True
    last = sequence[-1]
    if last.kind == "text" and "." in last.text:
        exact = len(sequence) == 2 and sequence[0].kind == "super" and last.text.startswith(".")
        return "*." + last.text.partition(".")[2], exact
    return "*", False
