"""Events of which two rules of a policy say different things, each with an example that both match.

The stronger rule wins, so a deny that takes a part out of an allow is how exceptions are written: that is told as
information. Where a pattern of the weaker rule is lost as a whole, its author had something else in mind.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from pipeline.policy.analysis import cover, samples, spans
from pipeline.policy.analysis.findings import Finding, Subject, found, shown
from pipeline.policy.analysis.keys import rule_within
from pipeline.policy.analysis.reach import reach, stops
from pipeline.policy.analysis.shadows import Shadows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.compile import CompiledRule
    from pipeline.policy.model import TestEvent

MOST = 3
"""Contradictions of one rule that are told; more of them say nothing new."""

MOST_TRIES = 60
"""Rules whose overlap with one rule is looked for in earnest."""

MOST_OF_ALL = 4000
"""The same for the whole policy: of thousands of rules not every pair can be looked at."""


class _Sketch:
    """What of a rule can be compared at once: where its paths begin, its ports."""

    def __init__(self, rule: CompiledRule) -> None:
        self.rule, self.reach = rule, reach(rule.on)
        self._globs = rule.match.paths or rule.match.labelled
        self._heads = sorted({cover.head(g) for g in self._globs})
        self._set = set(self._heads)
        self._ports = spans.joined(rule.match.ports)

    def may_meet(self, other: _Sketch) -> bool:
        """Whether an event of both is not out of the question."""
        if self.reach.isdisjoint(other.reach) or (
            self._ports and other._ports and not spans.meet(self._ports, other._ports)
        ):
            return False
        return not (self._globs and other._globs) or any(other._begins(head) for head in self._heads)

    def _begins(self, head: str) -> bool:
        """Whether a path that begins with ``head`` may match."""
        at = bisect_left(self._heads, head)
        if at < len(self._heads) and self._heads[at].startswith(head):
            return True
        return any(head[:end] in self._set for end in range(len(head) + 1))


def check(subject: Subject, shadows: Shadows) -> Iterator[Finding]:
    """Findings about pairs of which the weaker one lets pass what the stronger one stops."""
    strong = [_Sketch(rule) for rule in subject.rules if stops(rule)]
    tries = iter(range(MOST_OF_ALL))
    for rule in subject.rules:
        if rule.enforce and not stops(rule) and not shadows.hiding(rule):
            weak = _Sketch(rule)
            met = (other.rule for other in strong if weak.may_meet(other))
            pairs = ((other, meeting(subject, rule, other)) for other, _ in zip(islice(met, MOST_TRIES), tries))  # noqa: B905 - whichever ends first
            told = ((other, event) for other, event in pairs if event is not None)
            yield from (_finding(rule, other, event) for other, event in islice(told, MOST))


def meeting(subject: Subject, one: CompiledRule, other: CompiledRule) -> TestEvent | None:
    """An event of which both rules surely speak, if one was found."""
    events = samples.meetings(one, other)
    return next((e for e in events if subject.speaks(one, e) and subject.speaks(other, e)), None)


def _finding(weak: CompiledRule, strong: CompiledRule, event: TestEvent) -> Finding:
    lost = [] if rule_within(strong, weak) else _lost(weak, strong)
    how = f"holds all of '{lost[0]}', which can therefore not take effect," if lost else "takes a part out of it"
    text = f"'{strong.id}' ({strong.action}) {how} and wins, for example: {shown(event)}"
    return found(weak, "contradictory", "low" if lost else "informational", text, strong.id)


def _lost(weak: CompiledRule, strong: CompiledRule) -> list[str]:
    """Path patterns of a rule that lie within the other one: what was written there is in vain."""
    parts = ((g, replace(weak, match=replace(weak.match, paths=(g,)))) for g in weak.match.paths)
    return [glob.text for glob, part in parts if rule_within(part, strong)]
