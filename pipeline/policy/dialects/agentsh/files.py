"""File rules of agentsh: its operations as selectors of Lictor, each asked about as often as agentsh asks.

An open for reading has to pass as ``open`` and as ``read``, one for writing as ``write`` and as ``open``, a rename as
``rename`` and, here, as writing too. The first operation of a selector (``PRIMARY``) gives its rules and its default;
for the others only what they deny is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.agentsh.globs import Between, path_patterns
from pipeline.policy.dialects.agentsh.order import ACTIONS, LIFTING, RANK, Entry, Program, Written, program
from pipeline.policy.dialects.agentsh.variables import filled, restored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PRIMARY = {
    "file.open": "open",
    "file.read": "read",
    "file.write": "write",
    "file.delete": "delete",
    "file.chmod": "chmod",
}
"""Selectors with a default of their own, and the operation that decides it."""

FURTHER = {
    "file.read": ("open",),
    "file.write": ("open",),
    "file.delete": ("rmdir",),
    "file.create": ("create",),
    "file.rename": ("rename",),
    "file.link": ("link",),
    "file.symlink": ("symlink",),
    "file.mkdir": ("mkdir",),
}
"""Operations that must pass as well; the last five also fall under the rules of file.write."""

LIFTABLE = ("file.rename", "file.link", "file.symlink", "file.mkdir")
"""Selectors below file.write for which an allow of their own is written."""

READING = ("open", "read", "stat", "list", "readlink", "access")
"""Operations that agentsh allows where no rule matches; it denies all others."""

WATCHED = frozenset({*PRIMARY.values(), *(op for ops in FURTHER.values() for op in ops)})
"""Operations that something here stands for; stat, list, readlink, access, chown and mknod have nothing."""


@dataclass
class Files:
    """Rules to write by their place, defaults by selector, and what stands for no rule of the file."""

    rules: list[tuple[Written, tuple[str, ...]]] = field(default_factory=list)
    defaults: dict[str, str] = field(default_factory=dict)
    owners: set[int] = field(default_factory=set)
    reached: set[int] = field(default_factory=set)


def operations(rule: dict[str, Any]) -> set[str] | None:
    """Operations of a rule; ``None`` for all of them."""
    listed = {str(op).lower() for op in rule.get("operations") or ()}
    return None if not listed or "*" in listed else listed


def covers(rule: dict[str, Any], operation: str) -> bool:
    """Whether a rule speaks of an operation."""
    listed = operations(rule)
    return listed is None or operation in listed


def patterns(rule: dict[str, Any]) -> Between:
    """The paths of a rule; the list of an action that allows is the lower one."""
    lower: list[str] = []
    upper: list[str] = []
    for text in rule.get("paths") or ():
        plain = filled(text or "")
        lower += [p for t in plain.lower for p in path_patterns(t).lower]
        upper += [p for t in plain.upper for p in path_patterns(t).upper]
    return Between(tuple(map(restored, dict.fromkeys(lower))), tuple(map(restored, dict.fromkeys(upper))))


def entries(rules: Sequence[dict[str, Any]], operation: str) -> Iterator[Entry]:
    """The rules that speak of an operation, in order."""
    for i, rule in enumerate(rules):
        if not covers(rule, operation):
            continue
        found = patterns(rule)
        yield Entry(
            index=i,
            action=ACTIONS.get(str(rule.get("decision") or "").lower(), "deny"),
            lower=({"path": list(found.lower)},) if found.lower else (),
            upper=({"path": list(found.upper)},) if found.upper else (),
            everything=bool({"**", "/**"} & set(found.lower)),
            exact=found.exact,
        )


def translate(rules: Sequence[dict[str, Any]]) -> Files:
    """All file rules, in the order of the file."""
    made = Files()
    programs = {op: program(list(entries(rules, op)), "allow" if op in READING else "deny") for op in WATCHED}
    writing = programs["write"]
    lines: dict[tuple[Any, ...], tuple[Written, list[str]]] = {}
    for selector, operation in PRIMARY.items():
        _add(lines, selector, programs[operation].written)
        if programs[operation].default != "allow":
            made.defaults[selector] = programs[operation].default
        made.owners |= _owner(programs[operation])
    for selector, further in FURTHER.items():
        base = programs[PRIMARY[selector]] if selector in PRIMARY else writing
        for operation in further:
            _add(lines, selector, _stricter(programs[operation], base, lifting=selector in LIFTABLE))
            made.owners |= _owner(programs[operation])
    made.rules = sorted(((w, tuple(s)) for w, s in lines.values()), key=lambda pair: pair[0].index)
    made.reached = {w.index for w, _ in made.rules} | made.owners
    return made


def _owner(found: Program) -> set[int]:
    return set() if found.owner is None else {found.owner}


def _stricter(found: Program, base: Program, *, lifting: bool) -> Iterator[Written]:
    """Rules of a further operation that the base has not already; what its default denies becomes a rule."""
    for written in found.written:
        if written in base.written or (written.action in LIFTING and not lifting):
            continue
        weaker = RANK[written.action] < RANK[base.default] and not lifting
        yield replace(written, action=base.default) if weaker else written
    if RANK[found.default] <= RANK["audit"] or (found.default == base.default and _same(found.lifted, base.lifted)):
        return
    paths = [p for match in found.lifted for p in match["path"]]
    unless = {"path": list(dict.fromkeys(paths))} if paths else None
    action = found.default if lifting else max(found.default, base.default, key=RANK.__getitem__)
    yield Written(-1 if found.owner is None else found.owner, action, {}, unless)


def _same(one: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]]) -> bool:
    return {p for m in one for p in m["path"]} >= {p for m in other for p in m["path"]}


def _add(lines: dict[tuple[Any, ...], tuple[Written, list[str]]], selector: str, found: Any) -> None:
    """Join rules that differ in their operation only."""
    for written in found:
        key = (written.index, written.action, repr(written.match), repr(written.unless))
        lines.setdefault(key, (written, []))[1].append(selector)
