"""From many paths to few patterns: the narrowest folder in which enough runs did something.

A path that enough runs touched is suggested as it is. Where runs touched different things in one folder, none of them often
enough but together they did, the folder is: caches and temporary folders are like that. A folder is never opened
that holds sensitive files, nor one that holds everything (a home, ``/usr``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from pipeline.policy.analysis.suggest_facts import labels_for
from pipeline.policy.analysis.suggest_paths import HOME, WORKSPACE, Parts, folders_with, text_of

MANY = 8
"""More patterns than this below one folder say no more than the folder does."""

_TEMPORARY = (("", "tmp"), ("", "var", "tmp"), ("", "dev", "shm"))
_FULL = ("home", "root", "Users", "mnt", "media", "var", "run", "srv")
"""Folders of the root of which each holds somebody else's things."""


@dataclass
class Cover:
    """A pattern, the runs that did something there, how often, and one such name with its run."""

    parts: Parts
    runs: frozenset[str]
    events: int
    example: str
    example_run: str

    @property
    def text(self) -> str:
        """The pattern."""
        return text_of(self.parts)


@dataclass
class Seen:
    """Runs that named something, how often, and the first such name in the alphabet with its run."""

    runs: set[str] = field(default_factory=set)
    events: int = 0
    example: tuple[str, str] = ("", "")

    def count(self, run: str, events: int, name: str) -> None:
        """Add what one run did."""
        self.runs.add(run)
        self.events += events
        self.example = min(self.example, (name, run)) if self.example[0] else (name, run)


@dataclass
class Node:
    """A component; ``own`` is what named exactly this, ``all`` also what lies below."""

    all: Seen = field(default_factory=Seen)
    own: Seen = field(default_factory=Seen)
    children: dict[str, Node] = field(default_factory=dict)

    def add(self, parts: Iterable[str], run: str, events: int, name: str) -> None:
        """Count a path below this node."""
        node = self
        for part in parts:
            node = node.children.setdefault(part, Node())
            node.all.count(run, events, name)
        node.own.count(run, events, name)


def covers(root: Node, selector: str, need: int) -> tuple[list[Cover], list[Cover]]:
    """What to allow of a selector, and what too few runs did; children of the root are the roots of patterns."""
    found: list[Cover] = []
    left: list[Cover] = []
    for part, node in sorted(root.children.items()):
        if part == WORKSPACE:
            (found if len(node.all.runs) >= need else left).append(_whole(node, (WORKSPACE,)))
        else:
            _visit(node, (part,), need, lambda parts: may_open(parts, selector), found, left)
    return found, left


def may_open(parts: Parts, selector: str) -> bool:
    """Whether all below a folder may be suggested."""
    if len(parts) == 1 or _holds(parts, folders_with(labels_for(selector))):
        return False
    if any(parts[: len(t)] == t for t in _TEMPORARY) or parts[0] == HOME:
        return True
    if parts[1] in _FULL[:3] and len(parts) < 4:
        return False
    if selector == "exec":
        return parts[1] == "opt" and len(parts) > 2
    return parts[1] not in _FULL if selector == "file.read" and len(parts) == 2 else len(parts) > 2


def _holds(parts: Parts, folders: frozenset[Parts]) -> bool:
    if parts in folders:
        return True
    return any("*" in p for p in parts) and any(
        len(f) == len(parts) and all(map(fnmatchcase, f, parts)) for f in folders
    )


def _visit(
    node: Node, parts: Parts, need: int, may: Callable[[Parts], bool], found: list[Cover], left: list[Cover]
) -> None:
    if len(node.all.runs) < need:
        _leave(node, parts, may, left)
        return
    loose = {run for child in node.children.values() if len(child.all.runs) < need for run in child.all.runs}
    if len(loose) >= need and may(parts):
        found.append(_whole(node, parts))
        return
    own: list[Cover] = []
    rest: list[Cover] = []
    if node.own.events:
        (own if len(node.own.runs) >= need else rest).append(_exact(node, parts))
    for part, child in sorted(node.children.items()):
        _visit(child, (*parts, part), need, may, own, rest)
    if len(own) > MANY and may(parts):
        own, rest = [_whole(node, parts)], []
    found += own
    left += rest


def _leave(node: Node, parts: Parts, may: Callable[[Parts], bool], left: list[Cover]) -> None:
    """What is not suggested, in as few lines as a person can still judge: a folder where it could have been opened."""
    crowded = len(node.children) > 1 or (node.children and node.own.events)
    if crowded and may(parts):
        left.append(_whole(node, parts))
        return
    if node.own.events:
        left.append(_exact(node, parts))
    for part, child in sorted(node.children.items()):
        _leave(child, (*parts, part), may, left)


def _whole(node: Node, parts: Parts) -> Cover:
    return _made((*parts, "**"), node.all)


def _exact(node: Node, parts: Parts) -> Cover:
    return _made(parts, node.own)


def _made(parts: Parts, seen: Seen) -> Cover:
    return Cover(parts, frozenset(seen.runs), seen.events, *seen.example)
