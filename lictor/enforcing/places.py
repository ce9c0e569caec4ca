"""Which files a run is about, for sources that must be told where to look: its workspace, and what its policy guards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.policy.compile import OWN_LAYER
from pipeline.policy.matchers import PatternSet, plain_path

if TYPE_CHECKING:
    from pipeline.policy.compile import CompiledRule, Program, RunContext
    from pipeline.policy.globs import Glob

_NO_FILES = tuple(map(Path, ("/dev", "/proc", "/sys")))
"""What changes there is no file's content, and half the machine opens what lies in ``/dev``."""


def places(program: Program | None, context: RunContext) -> list[Path]:
    """The workspace, then the files and folders that rules name, each once and none inside another.

    A pattern is followed as far as it is plain text. What leads no further than a folder that holds the whole home,
    such as ``/`` or ``/home``, is left out: it would be all of the machine.
    """
    workspace, home = Path(context.workspace), Path(context.home)
    named = {Path(top) for pattern in _patterns(program) if (top := _plain(pattern))}
    found = {path for path in named if not home.is_relative_to(path) and not path.is_relative_to(workspace)}
    found = {path for path in found if not any(path.is_relative_to(other) for other in _NO_FILES)}
    return [workspace, *sorted(path for path in found if found.isdisjoint(path.parents))]


def concerns(program: Program | None) -> Callable[[str], bool]:
    """Whether some rule names a path: below the top of a pattern much may lie that none is about.

    What others do there all day would else count as the run's, by nothing but the time.
    """
    patterns = PatternSet(pattern.regex for pattern in _patterns(program))
    return lambda path: patterns.match(plain_path(path)) != 0


def _patterns(program: Program | None) -> Iterator[Glob]:
    """Paths of the rules that do more than allow, those of labels included."""
    for rule in program.all_rules if program else ():
        if rule.action != "allow" and not rule.inert and not _is_of_the_way(rule):
            yield from (*rule.match.paths, *rule.match.labelled)


def _is_of_the_way(rule: CompiledRule) -> bool:
    """Whether a rule of our own keeps the folders above a policy file where they are: the outermost hold half the machine."""
    return rule.policy == OWN_LAYER and "file.rename" in rule.on


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
