"""Which rules of a Lictor policy stand in the way of listing a folder or a host in an OpenShell policy.

OpenShell can only list what is allowed. So whatever a rule stops keeps every folder and host that it may touch off
the lists, unless a person accepted the rule's id and with it that OpenShell does not stop it. Where it is not
certain that a rule touches something, it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.policy import globs
from pipeline.policy.combine import STOPPING
from pipeline.policy.dialects.openshell.addresses import network
from pipeline.policy.model import Match, Policy, Rule

WORKSPACE = "${workspace}"

MAKING = ("file.create", "file.rename", "file.link", "file.symlink", "file.mkdir", "file.truncate")
"""Operations that a rule or default on ``file.write`` reaches."""


@dataclass(frozen=True)
class Cut:
    """A rule that stops something, or a step of one: what it is about."""

    index: int
    id: str
    on: frozenset[str]
    match: Match


def cuts(policy: Policy, accepted: frozenset[str]) -> list[Cut]:
    """All that a policy stops and that was not accepted as lost."""
    return [c for i, rule in enumerate(policy.rules) if rule.id not in accepted for c in _of_rule(i, rule)]


def _of_rule(index: int, rule: Rule) -> Iterable[Cut]:
    if rule.action not in STOPPING or rule.mode == "audit":
        return
    if rule.sequence is None:
        yield Cut(index, rule.id, frozenset(rule.on or ()), rule.match)
    else:  # a sequence stops its last event, whatever came before
        yield Cut(index, rule.id, frozenset(rule.sequence[-1].on), rule.sequence[-1].match)


def reaches(on: Iterable[str], selector: str) -> bool:
    """Whether operations of a rule have to do with those of a selector."""
    own = {selector, *(MAKING if selector == "file.write" else ())}
    wider = {"network"} if selector == "net.connect" else set()
    return bool(set(on) & (own | wider))


def cut_of_path(found: Iterable[Cut], tree: str, selectors: Iterable[str]) -> Cut | None:
    """The first rule that may stop one of the operations on a path or below it."""
    wanted = tuple(selectors)
    for cut in found:
        spoken = [s for s in wanted if reaches(cut.on, s)]
        if spoken and _touches_tree(cut, tree):
            return cut
    return None


def _touches_tree(cut: Cut, tree: str) -> bool:
    match = cut.match
    patterns = (*match.path, *(match.exe if cut.on <= {"exec"} else ()))
    if match.label or not patterns:
        return True
    return any(_touches(pattern, tree, cut) for pattern in patterns)


def _touches(pattern: str, tree: str, cut: Cut) -> bool:
    own_name = cut.on <= {*MAKING, "file.delete"}
    if own_name and pattern in (tree if tree == WORKSPACE else globs.quoted(tree), WORKSPACE):
        return pattern == WORKSPACE != tree  # OpenShell lets nobody make, remove or rename a listed path itself
    if "$" in pattern or pattern.startswith(("~", "**")) or tree.startswith("$"):
        return not (own_name and tree == WORKSPACE and is_exact(pattern))
    return any(_glob_touches(glob, tree) for glob in globs.parse(pattern))


def is_exact(pattern: str) -> bool:
    """Whether a pattern is one absolute path."""
    return pattern.startswith("/") and [g.kind for g in globs.parse(pattern)] == ["exact"]


def _glob_touches(glob: globs.Glob, tree: str) -> bool:
    if glob.kind in ("exact", "subtree"):
        inside = is_below(glob.literal, tree)
        return inside or (glob.kind == "subtree" and is_below(tree, glob.literal))
    parts = glob.text.split("/")
    wild = next(i for i, part in enumerate(parts) if any(c in part for c in "*?[\\"))
    fixed = "/".join(parts[:wild]) or "/"
    return is_below(fixed, tree) or is_below(tree, fixed)


def is_below(path: str, tree: str) -> bool:
    """Whether a path is another one or lies below it."""
    return tree in (path, "/") or path.startswith(tree + "/")


def cut_of_host(found: Iterable[Cut], match: Match) -> Cut | None:
    """The first rule that may stop a connection that a match allows; names and addresses may be the same machine."""
    return next((c for c in found if reaches(c.on, "net.connect") and not _apart(c.match, match)), None)


def _apart(cut: Match, match: Match) -> bool:
    """Whether two matches never hold for the same connection: other ports, addresses, protocols, or sockets."""
    if cut.path or (cut.protocol and "tcp" not in cut.protocol):
        return True
    if cut.port and match.port and not any(a <= d and c <= b for a, b in cut.port for c, d in match.port):
        return True
    pairs = [(network(a), network(b)) for a in cut.ip for b in match.ip]
    return bool(pairs) and not any(a and b and a.version == b.version and a.overlaps(b) for a, b in pairs)
