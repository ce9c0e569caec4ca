"""Rules that can never decide, because others are always heard in their place; and rules that others make superfluous.

A sample of the rule is put to the decider first: where the rule itself decides it, it is not shadowed, and that
is the end of it for nearly all rules. Only then containment is proved, for each operation and path pattern of the rule by
itself, since several rules together may hide one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.policy.analysis import samples
from pipeline.policy.analysis.findings import Finding, Subject, found
from pipeline.policy.analysis.keys import rule_within
from pipeline.policy.analysis.reach import RANK, hides, stops
from pipeline.policy.decide import Decider
from pipeline.policy.testing import facts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.compile import CompiledRule, CompiledSequence

MOST_PIECES = 2000
"""Pieces of one rule that are looked at; a rule with more is not called shadowed."""


class Shadows:
    """Asks of each rule of a policy whether others hide it."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._order = {id(rule): i for i, rule in enumerate(subject.rules)}
        self._cache: dict[str, tuple[CompiledRule, ...]] = {}

    def hiding(self, rule: CompiledRule) -> tuple[CompiledRule, ...]:
        """Rules which together are surely heard wherever this one matches; none where that is not known."""
        if rule.id not in self._cache:
            self._cache[rule.id] = self._together(rule, louder=True)
        return self._cache[rule.id]

    def repeating(self, rule: CompiledRule) -> tuple[CompiledRule, ...]:
        """Later rules which together surely say the same of all of its events."""
        return self._together(rule, louder=False)

    def hiding_sequence(self, sequence: CompiledSequence) -> CompiledRule | None:
        """A rule about single events that is stronger and surely matches each last event of a sequence."""
        last, rank = sequence.steps[-1].rule, RANK[sequence.rule.action]
        strong = (rule for rule in self._subject.rules if stops(rule) and RANK[rule.action] > rank)
        return next((rule for rule in strong if rule_within(last, rule)), None)

    def _together(self, rule: CompiledRule, *, louder: bool) -> tuple[CompiledRule, ...]:
        chosen: dict[str, CompiledRule] = {}
        for piece in _pieces(rule):
            if any(rule_within(piece, other) for other in chosen.values()):
                continue
            others = self._candidates(rule, piece, louder=louder)
            other = next((r for r in others if rule_within(piece, r)), None)
            if other is None:
                return ()
            chosen[other.id] = other
        return tuple(chosen.values())

    def _candidates(self, rule: CompiledRule, piece: CompiledRule, *, louder: bool) -> Iterator[CompiledRule]:
        """Rules that also match a sample of the piece, unless the rule itself is heard there; first the one that is."""
        event = next((e for e in samples.events(piece, most=6) if self._subject.speaks(rule, e)), None)
        if event is None:
            return
        decider = self._subject.decider if louder else self._backwards
        heard = decider.decide(facts_of(event, decider, self._subject.context)).rule
        if heard == rule.id:
            return
        first = [other for other in self._subject.rules if other.id == heard]
        facts = facts_of(event, self._subject.decider, self._subject.context)
        for other in (*first, *self._subject.rules):
            if self._stands_for(other, rule, louder=louder) and self._subject.decider.matches(other, facts):
                yield other

    def _stands_for(self, other: CompiledRule, rule: CompiledRule, *, louder: bool) -> bool:
        """Whether a rule would be heard in place of another one, or later says the same of more."""
        if other is rule:
            return False
        if louder:
            return hides(other, rule, earlier=self._earlier(other, rule))
        return _same(other, rule) and not self._earlier(other, rule) and not rule_within(other, rule)

    def _earlier(self, rule: CompiledRule, other: CompiledRule) -> bool:
        return self._order[id(rule)] < self._order[id(other)]

    @cached_property
    def _backwards(self) -> Decider:
        """The same rules in the other order: of several that say the same it names the last."""
        program = self._subject.program
        layers = tuple(replace(layer, rules=layer.rules[::-1]) for layer in program.layers)
        return Decider(replace(program, layers=layers))


def check(subject: Subject, shadows: Shadows) -> Iterator[Finding]:
    """Findings about rules that never decide, and about such that repeat another one."""
    for rule in subject.rules:
        if hiders := shadows.hiding(rule):
            yield _never_decides(rule, hiders)
        elif others := shadows.repeating(rule):
            text = f"{_named(others)} matches all of its events with the same verdict"
            yield found(rule, "redundant", "low", text, _ids(others))
    for sequence in subject.sequences:
        hider = shadows.hiding_sequence(sequence)
        if hider is not None:
            text = f"its last event always matches '{hider.id}' ({hider.action}), which is stronger: it never decides"
            yield found(sequence.rule, "shadowed", "low", text, hider.id)


def _never_decides(rule: CompiledRule, hiders: tuple[CompiledRule, ...]) -> Finding:
    severity = "medium" if not stops(rule) and any(stops(r) for r in hiders) else "low"
    text = f"every event that it speaks of also matches {_named(hiders)}, which is heard in its place: it never decides"
    return found(rule, "shadowed", severity, text, _ids(hiders))


def _pieces(rule: CompiledRule) -> Iterator[CompiledRule]:
    """The rule for each selector and path pattern by itself; whole where those are too many."""
    globs = rule.match.paths or rule.match.labelled
    if len(rule.on) * len(globs) > MOST_PIECES:
        yield rule
        return
    for selector in sorted(rule.on):
        part = replace(rule, on=frozenset({selector}))
        if len(globs) < 2:
            yield part
        for glob in globs if len(globs) > 1 else ():
            match = replace(part.match, paths=(glob,)) if part.match.paths else replace(part.match, labelled=(glob,))
            yield replace(part, match=match)


def _same(rule: CompiledRule, other: CompiledRule) -> bool:
    return (rule.action, rule.enforce, rule.severity) == (other.action, other.enforce, other.severity)


def _named(rules: tuple[CompiledRule, ...]) -> str:
    shown = " and ".join(f"'{r.id}' ({r.action})" for r in rules[:3])
    return shown + (f" and {len(rules) - 3} others" if len(rules) > 3 else "")


def _ids(rules: tuple[CompiledRule, ...]) -> str:
    return ", ".join(rule.id for rule in rules)
