"""The file part of an export: which folders of a Lictor policy OpenShell may list, and as what.

``read_only`` allows to read and to run everything below a path, ``read_write`` also to write, make and remove. So a
path is listed only where the policy allows all of that there, by rules without further conditions or because no
default stops it, and where no rule stops any of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.policy import globs
from pipeline.policy.combine import STOPPING
from pipeline.policy.dialects.openshell.checks import LONGEST_PATH, MOST_PATHS
from pipeline.policy.dialects.openshell.cuts import MAKING, WORKSPACE, Cut, cut_of_path, is_below
from pipeline.policy.model import Match, Policy, Rule

READ, WRITE = ("file.read", "exec"), ("file.read", "exec", "file.write", "file.delete")


@dataclass
class Listing:
    """What is listed, and what came in the way (by path)."""

    read_only: list[str] = field(default_factory=list)
    read_write: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)
    """Paths that a rule (by id) keeps off the lists."""

    def level(self, tree: str) -> tuple[str, ...]:
        """What is allowed everywhere below a path."""
        if any(is_below(tree, top) for top in self.read_write):
            return WRITE
        return READ if any(is_below(tree, top) for top in self.read_only) else ()


def listing(policy: Policy, found: list[Cut], accepted: frozenset[str]) -> Listing:
    """The two lists of a policy; a rule whose id is accepted counts for single paths and for a time as well."""
    made = Listing()
    trees = dict.fromkeys(t for rule in policy.rules for t in trees_of(rule, accepted))
    if all(covered_by_default(policy, s) for s in READ):
        trees = {"/": None, **trees}
    for tree in trees:
        if len(made.read_only) + len(made.read_write) >= MOST_PATHS:
            made.reasons[tree] = f"OpenShell takes at most {MOST_PATHS} paths"
            continue
        _place(policy, tree, found, accepted, made)
    return made


def _place(policy: Policy, tree: str, found: list[Cut], accepted: frozenset[str], made: Listing) -> None:
    for selectors, into in ((WRITE, made.read_write), (READ, made.read_only)):
        if tree == WORKSPACE and selectors == READ:
            made.reasons.setdefault(tree, "OpenShell has the working folder to write or not at all")
            return
        missing = [s for s in selectors if not _covered(policy, tree, s, accepted)]
        if missing or (tree == "/" and selectors == WRITE):
            made.reasons.setdefault(tree, f"OpenShell would also allow {', '.join(missing) or 'to write'} below {tree}")
            continue
        cut = cut_of_path(found, tree, selectors)
        if cut is None:
            into.append(tree)
            return
        made.reasons[tree] = f"rule '{cut.id}' stops some of it, and OpenShell cannot take away from a listed path"
        made.lost.setdefault(cut.id, []).append(tree)


def covered_by_default(policy: Policy, selector: str) -> bool:
    """Whether nothing is said of operations, so that they are allowed."""
    keys = (selector, *(MAKING if selector == "file.write" else ()))
    return not any(policy.defaults.get(key, "allow") in STOPPING for key in keys)


def _covered(policy: Policy, tree: str, selector: str, accepted: frozenset[str]) -> bool:
    return covered_by_default(policy, selector) or any(
        selector in (rule.on or ()) and any(is_below(tree, top) for top in trees_of(rule, accepted))
        for rule in policy.rules
    )


def trees_of(rule: Rule, accepted: frozenset[str]) -> Iterator[str]:
    """The folders in which a rule allows all of its operations without condition."""
    if rule.action not in ("allow", "audit") or rule.on is None or (rule.expires and rule.id not in accepted):
        return
    if not set(rule.on) <= {"file.read", "exec", "file.write", "file.delete", *MAKING}:
        return
    if rule.match == Match():
        yield from ("/",) if rule.unless is None else ()
        return
    programs = rule.match.exe if rule.on == ("exec",) else ()
    patterns = programs or rule.match.path
    if not patterns or rule.match != (Match(exe=programs) if programs else Match(path=patterns)):
        return
    for pattern in patterns:
        tree = _tree(pattern, single=rule.id in accepted)
        if tree is not None and len(tree) <= LONGEST_PATH and _keeps(rule, tree):
            yield tree


def _tree(pattern: str, *, single: bool) -> str | None:
    """The folder that a pattern stands for; a single path only where it may be a folder as well."""
    if pattern == f"{WORKSPACE}/**":
        return WORKSPACE
    if not pattern.startswith("/") or "${" in pattern:
        return None
    parsed = globs.parse(pattern)
    if len(parsed) != 1 or parsed[0].kind not in ("subtree", "exact") or (parsed[0].kind == "exact" and not single):
        return None
    return parsed[0].literal


def _keeps(rule: Rule, tree: str) -> bool:
    """Whether a rule has no exception, or only one that OpenShell makes too: a listed path is not removed itself."""
    own = tree if tree == WORKSPACE else globs.quoted(tree)
    return rule.unless is None or (rule.unless == Match(path=(own,)) and set(rule.on or ()) <= {"file.delete", *MAKING})
