"""Grants and denials of paths as rules, as Landlock carries them out for nono on Linux.

A grant of reading is also one of starting programs. A grant of writing a folder is about what is below it: the folder
itself cannot be removed, renamed or made with it, and a grant of one file does not let it be created. So beside the
allow stands a deny for just that path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.nono.paths import below, holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.policy.dialects.interface import Rules

DEFAULTS = {"file.read": "deny", "file.write": "deny", "file.delete": "deny", "exec": "deny"}
"""What nono denies where nothing is granted."""

_KEPT = ["file.create", "file.rename", "file.link", "file.symlink", "file.mkdir"]
_OWN = "${HOME}/.nono"
"""nono's own state, which no grant may reach."""


@dataclass(frozen=True)
class Grant:
    """A pattern with what it grants; a group's paths may be files or folders and count as folders."""

    pattern: str
    read: bool
    write: bool
    folder: bool = True


def grant_rules(name: str, grants: Sequence[Grant], every: Sequence[Grant], origin: str) -> Rules:
    """Rules of some grants, of ``every`` one that the policy makes."""
    reading = [_path(g) for g in grants if g.read]
    writing = [_path(g) for g in grants if g.write]
    folders = [_path(g) for g in grants if g.write and g.folder]
    kept = [
        g.pattern
        for g in grants
        if g.write and not any(w.write and w.folder and holds(w.pattern, g.pattern) for w in every)
    ]
    tops = [g.pattern for g in grants if g.write and g.folder and g.pattern in kept]
    own = [f"{_OWN}/**"] if any(g.folder and holds(g.pattern, _OWN) for g in grants) else []
    found = [
        ("read", ["file.read"], "path", reading, "allow"),
        ("exec", ["exec"], "exe", reading, "allow"),
        ("write", ["file.write"], "path", writing, "allow"),
        ("delete", ["file.delete"], "path", folders, "allow"),
        ("kept", _KEPT, "path", kept, "deny"),
        ("top", ["file.delete"], "path", tops, "deny"),
        ("own", [*DEFAULTS][:3], "path", own, "deny"),
    ]
    return tuple(
        _rule(f"{name}.{part}", on, {key: values}, action, origin) for part, on, key, values, action in found if values
    )


def _path(grant: Grant) -> str:
    return below(grant.pattern) if grant.folder else grant.pattern


def deny_rules(name: str, patterns: Sequence[str], bypassed: Sequence[str], origin: str) -> Rules:
    """Rules that keep everybody from paths, but for those inside that are bypassed."""
    kept = [p for p in patterns if not any(p == b or holds(b, p) for b in bypassed)]
    inside = [b for b in bypassed if any(holds(p, b) for p in kept)]
    if not kept:
        return ()
    paths = [below(p) for p in kept]
    unless = {"path": [below(b) for b in inside]} if inside else None
    on = ["file.open", *[*DEFAULTS][:3], "file.chmod", "exec"]
    return (_rule(f"{name}.denied", on, {"path": paths}, "deny", origin, unless),)


def command_rules(name: str, commands: Sequence[str], origin: str) -> Rules:
    """Rules that keep programs of some names from starting."""
    plain = [c for c in commands if c]
    paths = [c if c.startswith("/") else f"**/{c}" for c in plain]
    return (_rule(name, ["exec"], {"path": paths}, "deny", origin),) if paths else ()


def _rule(
    name: str, on: list[str], match: dict[str, Any], action: str, origin: str, unless: dict[str, Any] | None = None
) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": name, "on": list(on), "match": match}
    if unless:
        rule["unless"] = unless
    return {**rule, "action": action, "origin": origin}
