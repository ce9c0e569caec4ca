"""Command rules of agentsh: names and paths of programs, with patterns of their arguments.

A name without a slash is compared with the last part of the program's path, whatever its case. A rule may ask for a
depth (started by a person or by a script); Lictor has none, so an allow with a depth is left out and anything
stricter holds at every depth. Each command of a stricter rule is looked at by itself: what an earlier rule lets
through for just this command becomes its exception.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.agentsh.globs import PatternError, path_patterns
from pipeline.policy.dialects.agentsh.order import ACTIONS, LIFTING, RANK, Program, Written
from pipeline.policy.dialects.agentsh.regex import argument_patterns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ALL = "*"


@dataclass(frozen=True)
class Command:
    """A command rule: ``lower`` and ``upper`` are argument patterns (``None``: any arguments)."""

    index: int
    action: str
    names: tuple[str, ...]
    lower: tuple[str, ...] | None
    upper: tuple[str, ...] | None
    exact: bool
    every_depth: bool

    @property
    def surely(self) -> bool:
        """Whether the rule covers all that its names do."""
        return self.lower is None and self.every_depth


def command(index: int, rule: dict[str, Any]) -> Command:
    """One rule of the file."""
    names = tuple(dict.fromkeys(n for n in ((c or "").strip() for c in rule.get("commands") or ()) if n)) or (ALL,)
    found = [argument_patterns(p or "") for p in rule.get("args_patterns") or ()]
    depth = rule.get("context") or {"min_depth": 0, "max_depth": -1}
    low, high = depth.get("min_depth") or 0, depth.get("max_depth")
    return Command(
        index=index,
        action=ACTIONS.get(str(rule.get("decision") or "").lower(), "deny"),
        names=(ALL,) if ALL in names else names,
        lower=tuple(dict.fromkeys(p for f in found for p in f.lower)) if found else None,
        upper=tuple(dict.fromkeys(p for f in found for p in f.upper)) if found else None,
        exact=all(f.exact for f in found),
        every_depth=low <= 0 and (high is None or high < 0),
    )


def translate(rules: Sequence[dict[str, Any]]) -> Program:
    """All command rules, in order; what none of them matches is denied."""
    commands = [command(i, rule) for i, rule in enumerate(rules)]
    made = Program(default="deny")
    last = next((c for c in commands if c.names == (ALL,) and c.surely), None)
    if last:
        made.default, made.owner = last.action, last.index
        made.unreached = {c.index for c in commands if c.index > last.index}
    earlier: list[Command] = []
    reached = commands[: len(commands) if last is None else last.index + 1]
    for one in reached[: len(commands) if last is None else last.index]:
        later = reached[one.index + 1 :]
        made.written += _write(one, earlier, later, fold=made.default != "deny" or any(map(_odd, later)))
        earlier.append(one)
    return made


def _odd(one: Command) -> bool:
    """Whether a rule lets through more than plain names, which other spellings of a denied name could slip into."""
    plain = all(n == n.lower() and not re.search(r"[/*?]|\[.*\]", n) for n in one.names)
    return RANK[one.action] < RANK["deny"] and not plain


def _write(one: Command, earlier: Sequence[Command], later: Sequence[Command], *, fold: bool) -> Iterator[Written]:
    if one.action in LIFTING:
        if one.every_depth and one.lower != ():
            yield Written(one.index, one.action, _match(one.names, one.lower, exact=True))
        return
    weaker = [e for e in earlier if e.every_depth]
    groups: dict[tuple[str, tuple[str, ...], bool], list[str]] = {}
    for name in one.names:
        action = _action(one, name, later)
        spared = _spared(name, action, weaker)
        if spared is not None:
            sure = action == "ask" and not _through(name, later)
            groups.setdefault((action, spared, sure), []).append(name)
    shims = {n for c in later if RANK[c.action] < RANK["deny"] for n in c.names if n.endswith(".real")}
    for (action, spared, sure), names in groups.items():
        spelled = [*names, *(f"{n}.real" for n in names if f"{n}.real" in shims)]
        match = _match(spelled, one.lower if sure else one.upper, exact=False, fold=fold)
        unless, whole = _unless(one, names, spared, action, weaker)
        yield Written(one.index, action, match, unless, whole and not _overlaps(names, weaker))


def _through(name: str, later: Sequence[Command]) -> bool:
    """Whether a later rule lets through all of a command, so that an approval before it lifts no default."""
    return any(c.surely and name in c.names and RANK[c.action] <= RANK["ask"] for c in later)


def _action(one: Command, name: str, later: Sequence[Command]) -> str:
    """An approval whose arguments cannot be told exactly would also lift the default: then it denies."""
    return "deny" if one.action == "ask" and not one.exact and not _through(name, later) else one.action


def _overlaps(names: Sequence[str], weaker: Sequence[Command]) -> bool:
    """Whether earlier rules let through commands by patterns, which are no exceptions here."""
    others = {n for w in weaker for n in w.names if re.search(r"[*?\[]", n) and n != ALL}
    return any(fnmatch.fnmatchcase(n, o) and n != o for n in names for o in others)


def _spared(name: str, action: str, weaker: Sequence[Command]) -> tuple[str, ...] | None:
    """Argument patterns that earlier and weaker rules let through for a command; ``None`` where they let through all."""
    found: list[str] = []
    for one in weaker:
        if RANK[one.action] < RANK[action] and (name in one.names or one.names == (ALL,)):
            if one.lower is None:
                return None
            found += one.lower
    return tuple(dict.fromkeys(found))


def _unless(
    one: Command, names: Sequence[str], spared: tuple[str, ...], action: str, weaker: Sequence[Command]
) -> tuple[dict[str, Any] | None, bool]:
    if names != [ALL]:
        return ({"argv": list(spared)} if spared else None), True
    through = [w for w in weaker if RANK[w.action] < RANK[action] and w.names != (ALL,)]
    if any(w.lower is not None for w in through) or spared:
        return None, False
    paths = [p for w in through for n in w.names for p in _paths(n, exact=True)]
    return ({"path": list(dict.fromkeys(paths))} if paths else None), one.exact


def _match(
    names: Sequence[str], arguments: tuple[str, ...] | None, *, exact: bool, fold: bool = False
) -> dict[str, Any]:
    match: dict[str, Any] = {}
    paths = [p for n in names for p in _paths(n, exact=exact, fold=fold or n != n.lower())]
    if ALL not in names:
        match["path"] = list(dict.fromkeys(paths))
    if arguments is not None:
        match["argv"] = list(arguments)
    return match


def _paths(name: str, *, exact: bool, fold: bool = False) -> Iterator[str]:
    """Patterns of a command's name; with ``fold`` in upper and lower case, since agentsh makes no difference."""
    if exact and "/" in name and not name.startswith(("/", "*")):
        return
    try:
        found = path_patterns(_absolute(name))
    except PatternError:
        found = path_patterns(re.sub(r"([\\*?\[\]{}])", r"\\\1", _absolute(name)))
    for pattern in found.lower if exact else found.upper:
        yield _folded(pattern) if fold else pattern
        if fold and not exact and "/" not in name:
            yield _folded(pattern) + ".[rR][eE][aA][lL]"


def _absolute(name: str) -> str:
    """A name anywhere; a relative path is its last parts."""
    if "/" not in name:
        return f"**/{name}"
    return name if name.startswith(("/", "*")) else "**/" + name.removeprefix("./")


def _folded(pattern: str) -> str:
    if "[" in pattern or "\\" in pattern:
        return pattern
    return re.sub(r"[A-Za-z]", lambda m: f"[{m[0].lower()}{m[0].upper()}]", pattern)
