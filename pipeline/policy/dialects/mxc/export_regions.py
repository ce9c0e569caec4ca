"""Which paths a rule of Lictor speaks of, in the only form that MXC has: literal folders with all that is below them.

For an allow a pattern counts only where it is exactly such a folder. For a deny it may become a larger one, up to
the whole file system; what is exempted from it counts only where that is exact again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.policy.globs import Glob, parse, variables
from pipeline.policy.labels import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.policy.model import Match, Policy, Rule

ROOT = "/"
HOMES = ("/home", "/root")
"""Where home folders are taken to be: a configuration of MXC has no word for the user's own."""

_CONDITIONS = ("exe", "exe_hash", "argv", "parent", "user", "domain", "size", "rate", "taint")


@dataclass(frozen=True)
class Region:
    """Folders that a deny covers and those in them that it spares; ``exact`` where it covers nothing else."""

    folders: tuple[str, ...]
    spared: tuple[str, ...] = ()
    exact: bool = True
    homes: bool = False
    """Whether home folders had to stand for a place in the user's own."""

    @property
    def everything(self) -> bool:
        """Whether nothing is outside."""
        return ROOT in self.folders


def lies_in(inner: str, outer: str) -> bool:
    """Whether a folder is another one or below it."""
    return outer in (inner, ROOT) or inner.startswith(outer + "/")


def patterns(policy: Policy, match: Match) -> tuple[str, ...]:
    """Path patterns of a match, those of its labels among them; none where it names no path."""
    own = {**BUILT_IN, **policy.labels}
    return (*match.path, *(pattern for label in match.label for pattern in own.get(label, ())))


def conditions(match: Match | None) -> bool:
    """Whether a match looks at something that MXC knows nothing of."""
    return match is not None and any(getattr(match, key) for key in _CONDITIONS)


def allowed(policy: Policy, rule: Rule, *, files_too: bool) -> tuple[tuple[str, ...], int, int]:
    """Folders that an allow opens as MXC can say it, how many of its patterns became none, and how many name one file.

    ``files_too``: a pattern that names one file is taken for it and whatever would be below it.
    """
    match = rule.match
    if conditions(match) or rule.unless is not None or rule.expires or (match.path and match.label):
        return (), 1, 0
    found: list[str] = []
    left = files = 0
    for glob in _globs(patterns(policy, match) or ("/**",)):
        one_file = glob is not None and glob.kind == "exact"
        files += one_file
        if glob is not None and (glob.kind == "subtree" or (one_file and files_too)):
            found.append(glob.literal)
        else:
            left += 1
    return tuple(found), left, files


def denied(policy: Policy, match: Match, unless: Match | None) -> Region:
    """What a deny covers at least, widened where MXC cannot say it exactly."""
    both = bool(match.path and match.label)
    texts = match.path if both else patterns(policy, match)
    if not texts:
        return Region((ROOT,), spared(policy, unless), exact=not conditions(match) and not _inexact(policy, unless))
    folders: list[str] = []
    exact = not both and not conditions(match) and not _inexact(policy, unless)
    for text, glob in [(one, glob) for one in texts for glob in _globs((one,))]:
        if glob is not None and glob.kind in ("subtree", "exact"):
            folders.append(glob.literal)
            continue
        exact = False
        folders += HOMES if _is_home(text) else (_prefix(glob),)
    homes = any(_is_home(text) for text in texts)
    return Region(tuple(dict.fromkeys(folders)), spared(policy, unless), exact=exact, homes=homes)


def spared(policy: Policy, unless: Match | None) -> tuple[str, ...]:
    """Folders that a deny surely spares."""
    if unless is None or conditions(unless) or (unless.path and unless.label):
        return ()
    globs = _globs(patterns(policy, unless))
    return tuple(glob.literal for glob in globs if glob is not None and glob.kind == "subtree")


def _inexact(policy: Policy, unless: Match | None) -> bool:
    """Whether a deny spares something that is not said exactly."""
    return unless is not None and len(spared(policy, unless)) < max(1, len(patterns(policy, unless)))


def _globs(texts: Iterable[str]) -> list[Glob | None]:
    """Patterns without alternatives; ``None`` for one whose place depends on a variable."""
    found: list[Glob | None] = []
    for text in texts:
        if variables(text) or text.startswith("~"):
            found.append(None)
        else:
            found += parse(text)
    return found


def _is_home(text: str) -> bool:
    return text.startswith(("~", "${HOME}"))


def _prefix(glob: Glob | None) -> str:
    """The deepest folder that surely holds whatever a pattern matches."""
    if glob is None or not glob.text.startswith("/"):
        return ROOT
    parts: list[str] = []
    for part in glob.text.split("/")[1:]:
        if any(c in part for c in "*?[\\"):
            break
        parts.append(part)
    return "/" + "/".join(parts)
