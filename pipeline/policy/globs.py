"""Path patterns of the policy language: from text to an anchored regular expression.

``*`` stays within one component, ``**`` crosses components, ``?`` is one character,
``[a-z]`` and ``[!a-z]`` are sets, ``{a,b}`` are alternatives, a backslash quotes. ``/x/**``
matches everything below ``/x`` and ``/x`` itself. A pattern is absolute or begins with
``**/``. Variables (``${workspace}``, ``${HOME}``, a leading ``~``) are filled in before
parsing and their values are always literal, whatever characters they hold.

A path of Windows is written with slashes, ``C:/Users/*/.ssh/**``. A pattern that begins with a drive can match no
other path, so letters are compared there as Windows does, large or small.

What a pattern amounts to (one file, a tree, a name anywhere) is found out here too: the
kernel can look those up, while it cannot run a regular expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import re2

from pipeline.policy.braces import GlobError, expand

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Glob", "GlobError", "check", "fill", "parse", "variables"]

LONGEST = 4096
"""Characters of one pattern (PATH_MAX); longer ones could never match whole."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DRIVE = re.compile(r"[A-Za-z]:")
_SPECIAL = re.compile(r"([\\*?\[\]{},])")


@dataclass(frozen=True)
class Glob:
    """One pattern without braces or variables.

    ``kind`` is ``exact`` (``literal`` is the path), ``subtree`` (``literal`` is its top), ``name``
    (``**/literal``), ``name_subtree`` (``**/literal/**``) or ``pattern`` (only ``regex`` tells).
    ``regex`` is in re2 syntax and must match the whole path.
    """

    text: str
    kind: str
    literal: str
    regex: str


@lru_cache(maxsize=1 << 14)
def parse(text: str) -> tuple[Glob, ...]:
    """The patterns that ``text`` stands for, braces expanded, without doubles; raises ``GlobError``."""
    if len(text) > LONGEST:
        raise GlobError(f"the pattern has {len(text)} characters; at most {LONGEST} can match a path")
    alternatives = tuple(dict.fromkeys(expand(text)))
    return tuple(_glob(re.sub("/{2,}", "/", part)) for part in alternatives)


def check(text: str) -> None:
    """Raise ``GlobError`` unless ``text`` parses whatever its variables turn out to be."""
    home = _tilde(text, lambda _name: "/v")
    _parse_filled = _VARIABLE.sub(lambda m: "/v" if m.start() == 0 or home[m.start() - 1] in "{," else "v", home)
    for name in variables(text):
        if not _NAME.fullmatch(name):
            raise GlobError(f"'${{{name}}}' is no variable: write ${{workspace}}, ${{HOME}} or an environment variable")
    if "${" in _parse_filled:
        raise GlobError("'${' is not closed by '}'")
    parse(_parse_filled)


def variables(text: str) -> tuple[str, ...]:
    """Names of the variables in ``text``, in order."""
    return tuple(m.group(1) for m in _VARIABLE.finditer(text))


def quoted(path: str) -> str:
    """The pattern that matches exactly this path."""
    return _SPECIAL.sub(r"\\\1", path)


def fill(text: str, lookup: Callable[[str], str], *, quote: bool = True) -> str:
    """Fill in ``~`` and ``${NAME}``; ``lookup`` gives a variable's value or raises.

    With ``quote`` the values are protected against being read as patterns.
    """

    def value(name: str) -> str:
        found = lookup(name)
        return quoted(found) if quote else found

    return _VARIABLE.sub(lambda m: value(m.group(1)), _tilde(text, value))


def _tilde(text: str, value: Callable[[str], str]) -> str:
    if text != "~" and not text.startswith("~/"):
        return text
    return value("HOME") + text[1:]


def _glob(text: str) -> Glob:
    parts = _components(text)
    if parts == ["**"]:
        return Glob(text, "subtree", "/", "(?s).*")
    words = [_component(p) if p != "**" else ("", None) for p in parts]
    regex = "".join(
        _joined(p, w[0], last=i == len(parts) - 1) for i, (p, w) in enumerate(zip(parts, words, strict=True))
    )
    if parts[-1] == "**":
        regex = regex.removesuffix("/") + "(?:/.*)?"
    if _DRIVE.fullmatch(parts[0]):  # no kernel of ours looks such a name up
        return Glob(text, "pattern", "", "(?is)" + regex)
    kind, literal = _kind(parts, [w[1] for w in words])
    return Glob(text, kind, literal, "(?s)" + regex)


def _components(text: str) -> list[str]:
    parts = text.split("/")
    if not text.startswith("/") and parts[0] != "**" and not (_DRIVE.fullmatch(parts[0]) and len(parts) > 1):
        raise GlobError(
            "a path must begin with '/', '~/', '${workspace}' or '**/', or with a drive of Windows, as 'C:/'"
        )
    if text != "/" and parts[-1] == "":
        raise GlobError(
            f"a path must not end in '/': write '{text}**' for everything below, '{text[:-1]}' for the folder"
        )
    if "." in parts or ".." in parts:
        raise GlobError("a path must not hold '.' or '..' as a component")
    return [p for i, p in enumerate(parts) if p != "**" or i == 0 or parts[i - 1] != "**"]


def _joined(part: str, regex: str, *, last: bool) -> str:
    if part == "**":
        return "" if last else "(?:.*/)?"
    return regex if last else regex + "/"


def _kind(parts: list[str], literals: list[str | None]) -> tuple[str, str]:
    """What the components amount to; ``literals`` has ``None`` for those that are no plain word."""
    plain = [w for w in literals if w is not None]
    if len(plain) == len(parts):
        return "exact", "/".join(plain)
    if parts[-1] == "**" and len(plain) == len(parts) - 1:
        return "subtree", "/".join(plain) or "/"
    if parts[0] == "**" and len(parts) == 2 and plain:
        return "name", plain[0]
    if parts[0] == parts[-1] == "**" and len(parts) == 3 and plain:
        return "name_subtree", plain[0]
    return "pattern", ""


def _component(text: str) -> tuple[str, str | None]:
    """Regular expression of one component, and its literal text unless it holds a wildcard."""
    regex, literal, i = "", "", 0
    wild = False
    while i < len(text):
        c = text[i]
        if c == "\\":
            i += 1
            if i == len(text):
                raise GlobError("a backslash must stand before the character that it quotes")
            c = text[i]
        elif c in "*?[":
            wild = True
            piece, i = _wildcard(text, i)
            regex += piece
            continue
        regex += c if c.isalnum() or c in "_-" else re2.escape(c)  # asked for each character of 5,000 rules
        literal += c
        i += 1
    return regex, None if wild else literal


def _wildcard(text: str, i: int) -> tuple[str, int]:
    if text.startswith("**", i):
        return ".*", i + len(text[i:]) - len(text[i:].lstrip("*"))
    if text[i] == "*":
        return "[^/]*", i + 1
    if text[i] == "?":
        return "[^/]", i + 1
    return _set(text, i + 1)


def _set(text: str, i: int) -> tuple[str, int]:
    """``[...]`` from behind its bracket; a set never matches '/', not even by a range across it."""
    negated = text[i : i + 1] in ("!", "^") and bool(text[i : i + 1])
    i += negated
    end = text.find("]", i + 1)
    if end < 0:
        raise GlobError("'[' is not closed by ']' within the component")
    body, spans = text[i:end], []
    if body.startswith("[:") or "\\" in body:
        raise GlobError("a set holds plain characters and ranges only, as in [a-z0-9_]")
    at = 0
    while at < len(body):
        low, high = body[at], body[at]
        if body[at + 1 : at + 2] == "-" and at + 2 < len(body):
            high = body[at + 2]
            at += 2
        if low > high:
            raise GlobError(f"the range '{low}-{high}' is upside down")
        spans += [(low, min(high, "."))] * (low < "/") + [(max(low, "0"), high)] * (high > "/")
        at += 1
    inside = "".join(f"{re2.escape(a)}-{re2.escape(b)}" for a, b in spans)
    return ("[^/" if negated else "[") + inside + "]", end + 1
