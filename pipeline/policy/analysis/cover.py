"""Whether path patterns lie within others, lie apart from them, or where they meet.

The kinds that the kernel looks up (one file, a tree, a name) are compared as names; only what is a pattern
proper goes through an automaton. Every answer holds, or is *not known*: a containment that is not there would make
``lint`` call a rule useless that stops something.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import re2

from pipeline.policy.analysis.automata import common, difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.policy.globs import Glob

EVERYTHING = "(?s).*"
"""What ``**`` amounts to."""

MOST_PAIRS = 20_000
"""Pairs of patterns that one question looks at; past it the answer is: not known."""


def within(inner: Sequence[Glob], outer: Sequence[Glob]) -> bool:
    """Whether each inner pattern surely lies within one of the outer ones."""
    known = {g.regex for g in outer}
    return len(inner) * len(outer) <= MOST_PAIRS and all(
        g.regex in known or any(_holds(o, g) for o in outer) for g in inner
    )


def apart(some: Sequence[Glob], others: Sequence[Glob]) -> bool:
    """Whether surely no path matches one of both lists."""
    return len(some) * len(others) <= MOST_PAIRS and all(_apart(a, b) for a in some for b in others)


def meeting(some: Iterable[Glob], others: Sequence[Glob]) -> str | None:
    """A plain absolute path that matches one of each list, if one was found."""
    return next((text for a in some for b in others if (text := _meeting(a, b)) is not None), None)


def outside(inner: Sequence[Glob], outer: Sequence[Glob]) -> str | None:
    """A plain absolute path that an inner pattern matches and no outer one, if one was found."""
    for glob in inner:
        if any(_holds(o, glob) for o in outer):
            continue
        found = difference(glob.regex, [o.regex for o in outer if not _apart(o, glob)], "path").text
        if found is not None:
            return found
    return None


def _holds(outer: Glob, inner: Glob) -> bool:
    if EVERYTHING in (outer.regex, inner.regex):
        return outer.regex == EVERYTHING
    if inner.kind == "exact":
        return matches(outer, inner.literal)
    if "pattern" in (outer.kind, inner.kind):
        return head(inner).startswith(head(outer)) and _surely(outer.regex, inner.regex)
    return _tree_holds(outer, inner)


def _tree_holds(outer: Glob, inner: Glob) -> bool:
    """The same for kinds that are whole names, of which the inner one is no single path."""
    if outer.kind == "subtree":
        return inner.kind == "subtree" and _below(inner.literal, outer.literal)
    if outer.kind == "name_subtree":
        named = inner.literal.split("/") if inner.kind == "subtree" else [inner.literal]
        return outer.literal in named
    return outer.kind == inner.kind == "name" and outer.literal == inner.literal


def _apart(one: Glob, other: Glob) -> bool:
    if EVERYTHING in (one.regex, other.regex):
        return False
    if one.kind == "exact":
        return not matches(other, one.literal)
    if other.kind == "exact":
        return not matches(one, other.literal)
    kinds = {one.kind, other.kind}
    if "pattern" in kinds:
        return not _ends_meet(one, other) or _never(one.regex, other.regex)
    if kinds == {"subtree"}:
        return not (_below(one.literal, other.literal) or _below(other.literal, one.literal))
    return kinds == {"name"} and one.literal != other.literal


def _meeting(one: Glob, other: Glob) -> str | None:
    if _apart(one, other):
        return None
    for a, b in ((one, other), (other, one)):
        if a.kind == "exact":
            return a.literal if a.literal.startswith("/") else None
        if a.kind == "subtree" and b.kind in ("name", "name_subtree"):
            return f"{a.literal.rstrip('/')}/{b.literal}"
        if a.kind == "subtree" and b.kind == "subtree" and _below(b.literal, a.literal):
            return f"{b.literal.rstrip('/')}/file"
    return _common(one.regex, other.regex)


def matches(glob: Glob, path: str) -> bool:
    """Whether a pattern matches a path; as its regular expression does, but quick where it is a name."""
    if glob.kind == "pattern" or glob.regex == EVERYTHING:
        return glob.regex == EVERYTHING or _compiled(glob.regex).fullmatch(path) is not None
    if glob.kind == "exact":
        return path == glob.literal
    if glob.kind == "subtree":
        return path == glob.literal.rstrip("/") or path.startswith(f"{glob.literal.rstrip('/')}/")
    if glob.kind == "name":
        return path == glob.literal or path.endswith(f"/{glob.literal}")
    return glob.literal in path.split("/")


@lru_cache(maxsize=20_000)
def _compiled(regex: str) -> Any:
    return re2.compile(regex)


@lru_cache(maxsize=20_000)
def head(glob: Glob) -> str:
    """The text with which each path that matches begins."""
    if glob.kind in ("exact", "subtree"):
        return "" if glob.regex == EVERYTHING else glob.literal.rstrip("/")
    if glob.kind != "pattern" or glob.text.startswith("**"):
        return ""
    found: list[str] = []
    for part in glob.text.split("/"):
        if any(c in part for c in "*?[\\"):
            break
        found.append(part)
    return "/".join(found)


@lru_cache(maxsize=20_000)
def tail(glob: Glob) -> str:
    """The text with which each path that matches ends."""
    if glob.kind in ("exact", "name"):
        return glob.literal
    last = glob.text.rsplit("/", 1)[-1]
    return "" if glob.kind != "pattern" or "\\" in last else re.split(r"[*?\]]", last)[-1]


def _ends_meet(one: Glob, other: Glob) -> bool:
    """Whether some path could begin and end as both patterns ask."""
    heads, tails = (head(one), head(other)), (tail(one), tail(other))
    return (heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])) and (
        tails[0].endswith(tails[1]) or tails[1].endswith(tails[0])
    )


def _below(path: str, top: str) -> bool:
    return top in (path, "/") or path.startswith(f"{top}/")


@lru_cache(maxsize=50_000)
def _surely(outer: str, inner: str) -> bool:
    sample = _shortest(inner)
    if sample is not None and not _compiled(outer).fullmatch(sample):
        return False
    found = difference(inner, [outer])
    return found.sure and found.text is None


@lru_cache(maxsize=50_000)
def _never(one: str, other: str) -> bool:
    for a, b in ((one, other), (other, one)):
        sample = _shortest(a)
        if sample is not None and _compiled(b).fullmatch(sample):
            return False
    found = common([one, other], None)
    return found.sure and found.text is None


@lru_cache(maxsize=20_000)
def _shortest(regex: str) -> str | None:
    """A text that an expression matches, which settles most questions at once."""
    return common([regex], None).text


@lru_cache(maxsize=50_000)
def _common(one: str, other: str) -> str | None:
    return common([one, other], "path").text


def texts_within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """``within`` for expressions of other texts, such as command lines."""
    return all(i in outer or any(_surely(o, i) for o in outer) for i in inner)


def texts_apart(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether surely no text matches one of both lists."""
    return all(_never(a, b) for a in some for b in others)
