"""Path patterns of the policy language as path entries of srt, and how near that comes.

srt reads an entry with ``*``, ``?``, ``[`` or ``]`` as a pattern, whose syntax differs (no quoting, no negated
sets), and on Linux carries patterns out for reading only, for what exists when the command starts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pipeline.policy.braces import GlobError, expand

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_QUOTE = re.compile(r"\\(.)", re.DOTALL)
_SET = re.compile(r"\[[!^]?.[^\]]*\]", re.DOTALL)
_WILD = re.compile(r"[*?\[\]]")


@dataclass(frozen=True)
class Entry:
    """One entry for a list of srt; ``entry`` is ``None`` where none can be written.

    ``tree``: the pattern covers all below what it names. ``glob``: srt reads a pattern. ``anywhere``: the pattern
    is not bound to a folder (``**/NAME``), which srt on Linux cannot carry out.
    """

    entry: Any
    tree: bool = False
    glob: bool = False
    anywhere: bool = False

    @property
    def path(self) -> str:
        """The text of the entry."""
        return str(self.entry["path"]) if isinstance(self.entry, dict) else str(self.entry)


def entries(pattern: str) -> list[Entry]:
    """The entries that stand for a pattern, one for each of its alternatives."""
    text = pattern.replace("${workspace}", "\0w").replace("${HOME}", "\0h")
    if _VARIABLE.search(text):
        return [Entry(None)]
    try:
        return [_entry(one) for one in expand(text)]
    except GlobError:
        return [Entry(None)]


def _entry(text: str) -> Entry:
    text = f"~{text[2:]}" if text.startswith("\0h") else text
    if "\0" in text[1:]:
        return Entry(None)
    tree = text.endswith("/**") or text == "**"
    body = text.removesuffix("**").removesuffix("/") if tree else text
    anywhere = body.startswith("**/")
    plain = _plain(body)
    if plain is not None:
        return Entry(_named(plain), tree=tree or text == "/")
    made = _glob(body)
    return Entry(None) if made is None else Entry(_shown(made), tree=tree, glob=True, anywhere=anywhere)


def _plain(text: str) -> str | None:
    """The name that a pattern without wildcards stands for."""
    if _WILD.search(_QUOTE.sub("", text)):
        return None
    return _QUOTE.sub(r"\1", text)


def _named(text: str) -> Any:
    """A name as an entry, marked as one where srt would read a pattern."""
    shown = _shown(text)
    if _WILD.search(shown) or shown.endswith("/**"):
        return {"path": shown, "literal": True}
    return shown


def _shown(text: str) -> str:
    """The text with what it is relative to as srt writes it."""
    if text.startswith("\0w"):
        rest = text[2:].lstrip("/")
        return f"./{rest}" if rest else "."
    return text or "/"


def _glob(text: str) -> str | None:
    """A pattern in srt's syntax; ``None`` where it has none."""
    made, at = "", 0
    while at < len(text):
        if text[at] == "\\":
            if text[at + 1 : at + 2] in ("*", "?", "[", "]", ""):
                return None
            made += text[at + 1]
            at += 2
            continue
        if text[at] == "[":
            found = _SET.match(text, at)
            if not found or found[0][1] in "!^]":
                return None
            made += found[0]
            at = found.end()
            continue
        if text.startswith("**", at) and made and not made.endswith("/"):
            return None  # behind text, srt's '**/' also matches nothing
        made += text[at]
        at += 1
    return made
