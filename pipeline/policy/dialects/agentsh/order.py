"""From an ordered list, where the first match decides, to rules that need no order, where the strongest decides.

An entry that stands later and is stronger must not speak of what an earlier and weaker one has decided: that becomes its
``unless``. An entry that matches everything ends the list and becomes the default. A weaker entry that stands later
needs nothing: the stronger one wins anyway. Where an exception cannot be written (it would need two keys), the stronger
entry stays whole, which denies more and never less.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline import schema
from pipeline.policy.dialects.agentsh.globs import with_tops

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Match = dict[str, list[Any]]

ACTIONS = {
    "allow": "allow",
    "audit": "audit",
    "approve": "ask",
    "deny": "deny",
    "redirect": "deny",
    "soft_delete": "deny",
}
"""What becomes of a decision; agentsh takes any other word for deny."""

RANK = {action: i for i, action in enumerate(schema.VERDICTS)}
LIFTING = ("allow", "audit")
"""Actions that let something happen: they may use patterns from below only."""


@dataclass(frozen=True)
class Entry:
    """One rule of the source for one operation.

    ``lower`` are matches that the rule surely covers, ``upper`` all that it can cover; ``everything`` is a rule
    without any condition. ``exact`` says that both are the same.
    """

    index: int
    action: str
    lower: tuple[Match, ...]
    upper: tuple[Match, ...]
    everything: bool = False
    exact: bool = True


@dataclass(frozen=True)
class Written:
    """A rule to write: of which source rule, with which match and exception."""

    index: int
    action: str
    match: Match
    unless: Match | None = None
    whole: bool = True
    """Whether every exception could be written."""


@dataclass
class Program:
    """What an ordered list amounts to: rules, and what holds where none matches (``owner``: the rule that says so)."""

    written: list[Written] = field(default_factory=list)
    default: str = "deny"
    owner: int | None = None
    unreached: set[int] = field(default_factory=set)
    lifted: list[Match] = field(default_factory=list)
    """Matches of entries that are weaker than the default."""


def program(entries: Sequence[Entry], fallback: str) -> Program:
    """The rules of an ordered list; ``fallback`` holds where no entry matches."""
    made = Program(default=fallback)
    earlier: list[Entry] = []
    for entry in entries:
        if made.owner is not None:
            made.unreached.add(entry.index)
        elif entry.everything:
            made.default, made.owner = entry.action, entry.index
        else:
            made.written += _write(entry, earlier)
            earlier.append(entry)
    made.lifted = [m for e in earlier if RANK[e.action] < RANK[made.default] for m in e.lower]
    return made


def _write(entry: Entry, earlier: Sequence[Entry]) -> list[Written]:
    if entry.action in LIFTING:
        return [Written(entry.index, entry.action, m) for m in entry.lower]
    action = entry.action if entry.exact else "deny"
    weaker = [m for e in earlier if RANK[e.action] < RANK[action] for m in e.lower]
    found = []
    for match in entry.upper:
        rest = _without(match, weaker)
        if rest is None:
            continue
        unless, whole = exceptions(rest, weaker)
        found.append(Written(entry.index, action, _topped(rest) if action == "deny" else rest, unless, whole))
    return found


def _topped(match: Match) -> Match:
    return {**match, "path": list(with_tops(match["path"]))} if "path" in match else match


def _without(match: Match, weaker: Iterable[Match]) -> Match | None:
    """A match without the paths that an earlier entry has decided word for word; ``None`` where nothing is left."""
    if set(match) != {"path"}:
        return match
    gone = {p for m in weaker if set(m) == {"path"} for p in m["path"]}
    left = [p for p in match["path"] if p not in gone]
    return {"path": left} if left else None


def exceptions(match: Match, weaker: Iterable[Match]) -> tuple[Match | None, bool]:
    """An ``unless`` for a match, and whether it holds every exception: one key only, since keys are joined by *and*."""
    by_key: dict[str, list[Any]] = {}
    whole = True
    for one in weaker:
        left = {k: v for k, v in one.items() if not _implied(k, v, match)}
        if disjoint(match, one):
            continue
        if len(left) != 1:
            whole = False
            continue
        ((key, values),) = left.items()
        by_key.setdefault(key, []).extend(v for v in values if v not in by_key.get(key, ()))
    if not by_key:
        return None, whole
    best = max(by_key, key=lambda k: (k in match, len(by_key[k])))
    return {best: by_key[best]}, whole and len(by_key) == 1


def _implied(key: str, values: Sequence[Any], match: Match) -> bool:
    """Whether a key of an exception holds for whatever the match matches."""
    return key in match and set(match[key]) <= set(values)


def disjoint(one: Match, other: Match) -> bool:
    """Whether two matches surely have nothing in common: by ports, or by the first components of their paths."""
    if "port" in one and "port" in other and not set(one["port"]) & set(other["port"]):
        return True
    if "path" in one and "path" in other:
        return not any(_may_meet(a, b) for a in one["path"] for b in other["path"])
    return False


def _may_meet(one: str, other: str) -> bool:
    if not (one.startswith("/") and other.startswith("/")):
        return True
    for left, right in zip(one.split("/")[1:], other.split("/")[1:], strict=False):
        if any(c in left + right for c in "*?[{\\"):
            return True
        if left != right:
            return False
    return len(one.split("/")) == len(other.split("/"))
