"""Rules that say what would hold without them: an allow where the default allows, a deny where the default denies.

``shadows`` tells of rules that repeat other rules; here it is the default that is repeated. A deny counts as
superfluous only where surely nothing lifts the default for any of its events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.analysis.findings import Finding, Subject, found
from pipeline.policy.analysis.keys import rules_disjoint
from pipeline.policy.analysis.reach import RANK, names_sockets, reach, stops
from pipeline.policy.analysis.shadows import Shadows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.policy.compile import CompiledRule

_TWO_NAMED = "file.symlink"
"""No default speaks of what a symbolic link points to, so a deny there says more than the default."""


def check(subject: Subject, shadows: Shadows) -> Iterator[Finding]:
    """Findings about rules that repeat a default."""
    defaults = subject.program.defaults
    for rule in subject.rules:
        if shadows.hiding(rule) or not rule.enforce:
            continue
        said = _defaults_of(rule, defaults)
        if rule.action == "allow" and said <= {"allow"}:
            what = "the default already allows it" if said else "nothing forbids it: there is no such default"
            yield found(rule, "redundant", "informational", what)
        elif stops(rule) and said == {rule.action} and surely_stopped(subject, rule):
            what = f"the default is already {rule.action}, and no rule lifts it"
            yield found(rule, "redundant", "informational", what)


def surely_stopped(subject: Subject, rule: CompiledRule) -> bool:
    """Whether a default stops every event of a rule at least as strongly, and surely no other rule lifts it."""
    weakest = min((RANK[action] for action in _defaults_of(rule, subject.program.defaults)), default=0)
    return weakest >= RANK[rule.action] and not names_sockets(rule) and not _lifted(subject, rule)


def _defaults_of(rule: CompiledRule, defaults: Mapping[str, str]) -> set[str]:
    """Actions of the defaults that speak where the rule does; "allow" stands for none where others speak."""
    groups = [[defaults[s] for s in selectors if s in defaults] for _, selectors in reach(rule.on)]
    spoken = {max(actions, key=lambda a: RANK[a]) for actions in groups if actions}
    return spoken | ({"allow"} if spoken and not all(groups) else set())


def _lifted(subject: Subject, rule: CompiledRule) -> bool:
    """Whether a weaker rule may lift the default for an event of the rule."""
    weaker = [r for r in subject.rules if r.enforce and RANK[r.action] < RANK[rule.action]]
    links = any(name == _TWO_NAMED for name, _ in reach(rule.on))
    if links and any(name == _TWO_NAMED for r in weaker for name, _ in reach(r.on)):
        return True
    return any(not rules_disjoint(r, rule) for r in weaker)
