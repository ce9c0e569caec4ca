"""A path as runs in other folders, of other users and at other times would have it: variables, and ``*`` for what varies.

What varies is what looks like it: process ids and other numbers, hashes, versions, the random part of a temporary name.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from pipeline.policy import globs
from pipeline.policy.labels import BUILT_IN
from pipeline.policy.matchers import PatternSet, plain_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipeline.policy.analysis.suggest_facts import SeenRun

WORKSPACE, HOME, ROOT = "${workspace}", "~", ""

Parts = tuple[str, ...]
"""A pattern's components; the first is ``${workspace}``, ``~`` or, for an absolute path, empty."""

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_HASH = r"(?=[0-9a-f]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,}"
_VERSION = r"v?\d+(?:\.\d+){1,}(?:[-+._]?(?:a|b|rc|alpha|beta|dev|post)\.?\d*)?"
_WHOLE = re.compile(rf"\d+|{_UUID}|{_HASH}|{_VERSION}")
_INSIDE = re.compile(
    rf"{_UUID}|(?<![0-9a-zA-Z]){_HASH}(?![0-9a-zA-Z])|\d+\.\d+\.\d+(?:\.\d+)*|\d{{4,}}"
    r"|(?<=tmp)(?=[a-z_]*[0-9A-Z])[A-Za-z0-9_]{5,}$|(?<=[._-])(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z0-9])[A-Za-z0-9]{6,}$"
)


def parts_of(path: str, run: SeenRun) -> Parts | None:
    """Components of the pattern for a path; ``None`` for what is no absolute path."""
    plain = plain_path(path)
    if not plain.startswith("/"):
        return None
    if _is_below(plain, run.workspace) and not _is_below(run.home, run.workspace):
        return (WORKSPACE, *plain[len(run.workspace) :].split("/")[1:])
    below_home = _is_below(plain, run.home)
    root = HOME if below_home else ROOT
    own = (plain[len(run.home) :] if below_home else plain).split("/")[1:]
    return (root, *(_general(part, top=i == 0) for i, part in enumerate(own) if part))


def text_of(parts: Parts) -> str:
    """A pattern from its components."""
    return "/".join(parts) if len(parts) > 1 else parts[0] or "/"


def example_of(path: str, run: SeenRun) -> str | None:
    """The path as a policy's test writes it; ``None`` where it cannot be written there."""
    plain = plain_path(path)
    shown = plain
    if _is_below(plain, run.workspace) and not _is_below(run.home, run.workspace):
        shown = WORKSPACE + plain[len(run.workspace) :]
    elif _is_below(plain, run.home):
        shown = HOME + plain[len(run.home) :]
    rest = shown.removeprefix(WORKSPACE)
    return shown if "${" not in rest and len(shown) <= 1000 and shown.isprintable() else None


class Sensitive:
    """Which paths have one of some built-in labels, in the context of a run."""

    def __init__(self, labels: Iterable[str]) -> None:
        self._labels = tuple(labels)
        self._sets: dict[tuple[str, str], tuple[PatternSet, list[tuple[str, int]]]] = {}
        self._known: dict[tuple[str, str, str], str | None] = {}

    def label(self, path: str, run: SeenRun) -> str | None:
        """The first label that a path has."""
        key = path, run.workspace, run.home
        if key not in self._known:
            patterns, masks = self._patterns(run)
            found = patterns.match(plain_path(path))
            self._known[key] = next((name for name, mask in masks if mask & found), None)
        return self._known[key]

    def _patterns(self, run: SeenRun) -> tuple[PatternSet, list[tuple[str, int]]]:
        key = run.workspace, run.home
        if key not in self._sets:
            regexes = {
                name: [g.regex for text in BUILT_IN[name] for g in globs.parse(globs.fill(text, _lookup(run)))]
                for name in self._labels
            }
            patterns = PatternSet(r for some in regexes.values() for r in some)
            self._sets[key] = patterns, [(name, patterns.mask(some)) for name, some in regexes.items()]
        return self._sets[key]


@cache
def folders_with(labels: tuple[str, ...]) -> frozenset[Parts]:
    """Folders in which files with some of the labels lie by name, as components."""
    found: set[Parts] = set()
    for name in labels:
        for text in BUILT_IN[name]:
            for pattern in globs.parse(globs.fill(text, lambda v: f"/:{v}")):
                found.update(_ancestors(pattern.text))
    return frozenset(found)


def _ancestors(pattern: str) -> Iterable[Parts]:
    root, parts = ROOT, pattern.split("/")[1:]
    if parts and parts[0].startswith(":"):
        root = HOME if parts[0] == ":HOME" else WORKSPACE
        parts = parts[1:]
    literal: list[str] = []
    for part in parts:
        if part.startswith("*"):
            break
        literal.append(part)
    return [(root, *literal[:i]) for i in range(len(literal) + 1)] if not pattern.startswith("**") else []


def _general(component: str, *, top: bool) -> str:
    """A component with ``*`` for what varies; directly below a root it keeps something of its own."""
    if _WHOLE.fullmatch(component):
        return globs.quoted(component) if top else "*"
    pieces, at = [], 0
    for found in _INSIDE.finditer(component):
        pieces += [globs.quoted(component[at : found.start()]), "*"]
        at = found.end()
    text = "".join([*pieces, globs.quoted(component[at:])])
    return re.sub(r"\*{2,}", "*", text)


def _is_below(path: str, folder: str) -> bool:
    folder = folder.rstrip("/")
    return not folder or path == folder or path.startswith(folder + "/")


def _lookup(run: SeenRun) -> Callable[[str], str]:
    values = {"workspace": run.workspace, "HOME": run.home}
    return lambda name: values[name]
