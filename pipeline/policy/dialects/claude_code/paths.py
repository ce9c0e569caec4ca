"""Paths in rules and in the sandbox section of Claude Code's settings, as patterns of the policy language.

In rules they follow gitignore: ``//x`` begins at the root, ``~/x`` at home, ``/x`` where the settings belong to
(the project, or ``~/.claude``), anything else in the folder that the agent works in; a name without a slash is
looked for at any depth, and what matches a folder covers what is in it. In the sandbox section they are plain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pipeline.policy.dialects.srt.globs import quoted
from pipeline.policy.dialects.srt.paths import HOME, ROOT, WORKSPACE, Nowhere, Spot, resolve
from pipeline.policy.globs import GlobError, check

USER_ROOT = "~/.claude"
_USER_FILE = re.compile(r"(/home/[^/]+|/Users/[^/]+|/root|~)/\.claude/settings\.json$")
_SET = re.compile(r"\[[!^]?[^\]\\/][^\]\\/]*\]")


@dataclass(frozen=True)
class Anchors:
    """What ``/x`` in rules and ``x`` in the sandbox section are relative to; the first one is where it surely is."""

    root: str = WORKSPACE

    @staticmethod
    def of(filename: str) -> Anchors:
        """By the place of the file: a user's own settings belong to ``~/.claude``, all others to the project."""
        return Anchors(USER_ROOT if _USER_FILE.match(filename) else WORKSPACE)


def rule_pattern(content: str, anchors: Anchors, *, deny: bool) -> str | Nowhere:
    """The pattern of a path in a rule."""
    text = content.rstrip()
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        return Nowhere("no file can have such a name")
    base, body = _anchored(text, anchors)
    body = body.removesuffix("/") or "**"
    if ".." in body.split("/"):
        return Nowhere("it leads out of the folder that it is relative to, which is not known here")
    body = "/".join(part for part in body.split("/") if part not in ("", "."))
    if "/" not in body and base != ROOT and not _is_rooted(text):
        body = f"**/{body}"
    made = f"{base}/{_translated(body, deny=deny)}"
    made = made if made.endswith("/**") else f"{made}/**"
    try:
        check(made)
    except GlobError:
        return Nowhere("the pattern cannot be written here")
    return made


def _anchored(text: str, anchors: Anchors) -> tuple[str, str]:
    if text.startswith("//"):
        return ROOT, text[2:]
    if text == "~" or text.startswith("~/"):
        return HOME, text[2:]
    if text.startswith("/"):
        return anchors.root, text[1:]
    return WORKSPACE, text


def _is_rooted(text: str) -> bool:
    return text.startswith(("/", "~", "./"))


def _translated(body: str, *, deny: bool) -> str:
    """A gitignore pattern; ``**`` beside other text is ``*`` there, which for a deny may be more here."""
    return "/".join(part if part == "**" else _component(part, deny=deny) for part in body.split("/"))


def _component(text: str, *, deny: bool) -> str:
    made, at = "", 0
    while at < len(text):
        character = text[at]
        if character == "\\" and at + 1 < len(text):
            made += quoted(text[at + 1])
            at += 2
        elif character == "*":
            end = at + len(text[at:]) - len(text[at:].lstrip("*"))
            made += "*"
            at = end
        elif character == "?":
            made += "?"
            at += 1
        elif character == "[":
            found = _SET.match(text, at)
            made += found[0] if found else ("*" if deny else quoted("["))
            at = found.end() if found else at + 1
        else:
            made += quoted(character)
            at += 1
    return made


def sandbox_spot(entry: Any, anchors: Anchors) -> Spot | Nowhere:
    """Where an entry of the sandbox section points."""
    text = entry[1:] if entry.startswith("//") else entry
    if anchors.root == WORKSPACE or text.startswith(("/", "~")):
        return resolve(text)
    inner = resolve(text)
    if isinstance(inner, Nowhere) or inner.anchor != WORKSPACE:
        return inner
    return Spot(HOME, "/.claude" + inner.path, inner.glob, inner.below)
