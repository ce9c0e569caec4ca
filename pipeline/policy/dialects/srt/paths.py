"""The path entries of srt, made absolute as far as that can be done without a disk, and written as patterns here.

An entry stands below the root, the home folder or the folder that srt is started in; what it is relative to is
not known before the policy is used, so it stays a variable. Symbolic links cannot be followed here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import re2

from pipeline.policy.dialects.srt.globs import is_glob, quoted, translated
from pipeline.policy.globs import GlobError, check, parse

WORKSPACE, HOME, ROOT = "${workspace}", "~", ""
EVERYWHERE = "/**"
_LONGEST = 3500


@dataclass(frozen=True)
class Spot:
    """Where an entry points: ``path`` begins with ``/`` or is empty, and stands below ``anchor``.

    ``below`` tells of a pattern that was written with ``/**`` behind it.
    """

    anchor: str
    path: str
    glob: bool = False
    below: bool = False

    @cached_property
    def exact(self) -> str:
        """The pattern that matches what is named, without what is below it; empty where nothing can match."""
        if not self.glob:
            return self.anchor + quoted(self.path) or "/"
        made, _ = translated(self.path, deny=False)
        return self.anchor + made if made and _fits(self.anchor + made) else ""

    @cached_property
    def tree(self) -> tuple[str, bool]:
        """The pattern of what a deny covers, all below it too, and whether it is the same; else it covers more."""
        if not self.glob:
            return f"{self.anchor}{quoted(self.path)}/**", True
        made, exact = translated(self.path, deny=True)
        pattern = f"{self.anchor}{made}/**"
        if _fits(pattern):
            return pattern, exact
        return f"{self.anchor}{quoted(self._base)}/**", False

    @cached_property
    def ancestors(self) -> list[str]:
        """The folders above, from the anchor on: who moves one moves what is in it."""
        parts = self._base.split("/") if self.glob else self.path.split("/")[:-1]
        paths = ["/".join(parts[: i + 1]) for i in range(len(parts))]
        return [self.anchor + quoted(p) for p in paths if self.anchor + p] if self.path else []

    @property
    def dead(self) -> bool:
        """Whether it is a pattern that no path can match, such as one that ends in ``/``."""
        return self.glob and not translated(self.path, deny=True)[0]

    @property
    def _base(self) -> str:
        """The folder that a pattern starts from."""
        return re.split(r"[*?\[\]]", self.path, maxsplit=1)[0].rpartition("/")[0]

    def covers(self, other: Spot) -> bool:
        """Whether another name is this one or below it, or at least not above it, whatever the variables are.

        The workspace and the home folder are not taken to be ``/`` itself, nor the workspace to be above the home
        folder: then an exception for them from a deny of ``/home`` or ``~`` opens nothing else.
        """
        if other.glob:
            return False
        if self.glob:
            return self.anchor == other.anchor and self._matches(other.path or "/")
        if self.anchor == other.anchor:
            return other.path == self.path or other.path.startswith(self.path + "/")
        if self.anchor == ROOT and other.anchor:
            return self.path.count("/") <= 1
        return self.anchor == HOME and not self.path and other.anchor == WORKSPACE

    def _matches(self, path: str) -> bool:
        pattern = self.tree[0].removeprefix(self.anchor)
        return any(re2.fullmatch(g.regex, path) for g in parse(pattern))

    def strictly_below(self, other: Spot) -> bool:
        """Whether this name may be below another one (not the same), as far as can be told."""
        if self.glob or other.glob or self.anchor != other.anchor:
            return False
        return self.path.startswith(other.path + "/")


@dataclass(frozen=True)
class Nowhere:
    """An entry that cannot be written as a pattern, and why; ``folded`` is where its text alone would lead."""

    why: str
    folded: Spot | None = None


def resolve(entry: Any, base: str = WORKSPACE) -> Spot | Nowhere:
    """An entry of srt's path lists (text, or an object that marks it as a name); ``base`` is what it is relative to."""
    marked = isinstance(entry, dict)
    text: str = entry["path"] if marked else entry
    if "\0" in text or len(text) > _LONGEST or any("\ud800" <= c <= "\udfff" for c in text):
        return Nowhere("no file can have such a name")
    stripped = text if marked else (text.removesuffix("/**") or "/" if text.endswith("/**") else text)
    glob = not marked and is_glob(stripped)
    below = stripped != text
    if stripped == "~" or stripped.startswith("~/"):
        return _absolute(HOME, stripped[1:], glob=glob, below=below)
    if stripped.startswith("/"):
        return _absolute(ROOT, stripped, glob=glob, below=below)
    folded = _folded(stripped)
    if folded is None:
        return Nowhere("it leads out of the folder that srt is started in, which is not known here")
    return Spot(base, folded, glob, below)


def _absolute(anchor: str, text: str, *, glob: bool, below: bool) -> Spot | Nowhere:
    if ".." in text.split("/"):
        path = _folded(text)
        folded = None if path is None else Spot(anchor, path, glob, below)
        return Nowhere("its '..' goes through folders that may be links", folded)
    parts = [p for p in text.split("/") if p not in ("", ".")]
    ending = "/" if glob and text.endswith("/") else ""  # a pattern keeps it, and then matches nothing
    return Spot(anchor, "".join("/" + p for p in parts) + ending, glob, below)


def _folded(text: str) -> str | None:
    """The text with ``.`` and ``..`` taken out; ``None`` where it leads above its beginning."""
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "".join("/" + p for p in parts)


def _fits(pattern: str) -> bool:
    try:
        check(pattern)
    except GlobError:
        return False
    return True
