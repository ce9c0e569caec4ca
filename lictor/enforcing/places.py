"""Which files a run is about, for sources that must be told where to look: its workspace, and what its policy guards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.policy.compile import CompiledRule, Program, RunContext
    from pipeline.policy.globs import Glob


def places(program: Program | None, context: RunContext) -> list[Path]:
    """The workspace, then the files and folders that rules name, each once and none inside another.

    A pattern is followed as far as it is plain text. What leads no further than a folder that holds the whole home,
    such as ``/`` or ``/home``, is left out: it would be all of the machine.
    """
    workspace, home = Path(context.workspace), Path(context.home)
    rules = program.all_rules if program else ()
    found = {path for rule in rules for path in _named(rule) if not home.is_relative_to(path)}
    found = {path for path in found if not path.is_relative_to(workspace)}
    return [workspace, *sorted(path for path in found if found.isdisjoint(path.parents))]


def _named(rule: CompiledRule) -> Iterator[Path]:
    if rule.action == "allow" or rule.inert:
        return
    for pattern in (*rule.match.paths, *rule.match.labelled):
        top = _plain(pattern)
        if top:
            yield Path(top)


def _plain(pattern: Glob) -> str:
    """The whole path, the top of a tree, or the folder down to which a pattern is plain text; empty for names anywhere."""
    if pattern.kind in ("exact", "subtree"):
        return pattern.literal
    if pattern.kind != "pattern":
        return ""
    plain = []
    for part in pattern.text.split("/"):
        if set(part) & set("*?[\\"):
            break
        plain.append(part)
    return "/".join(plain)
