"""Whether a change to a policy stops more or less: by events that show it, and by what rules out the other direction.

A change is made to the compiled old policy by itself, so that each is told for what it does alone. How strongly an event
is stopped counts: from kill to deny is wider too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.policy.analysis import differences
from pipeline.policy.analysis.findings import Subject
from pipeline.policy.analysis.keys import rule_within
from pipeline.policy.analysis.permissiveness import is_open
from pipeline.policy.analysis.probes import probes
from pipeline.policy.analysis.reach import RANK, reach, stops
from pipeline.policy.analysis.redundant import surely_stopped
from pipeline.policy.combine import STOPPING
from pipeline.policy.compile import CompiledSequence, Layer, Program
from pipeline.policy.decide import Decider
from pipeline.policy.testing import facts_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from pipeline.policy.compile import CompiledRule
    from pipeline.policy.context import RunContext
    from pipeline.policy.model import TestEvent

NEITHER: frozenset[str] = frozenset()
WIDER, NARROWER = frozenset({"wider"}), frozenset({"narrower"})
BOTH = WIDER | NARROWER


@dataclass(frozen=True)
class Effect:
    """What a change does; ``certain`` where nothing else is possible; events that show it."""

    effect: str
    certain: bool
    wider: TestEvent | None = None
    narrower: TestEvent | None = None


class Levels:
    """How strongly a program stops events; 0 where it does not."""

    def __init__(self, program: Program, context: RunContext) -> None:
        self._program, self._context, self._decider = program, context, Decider(program)

    def of(self, event: TestEvent) -> int:
        """The strength of one event's verdict."""
        decision = self._decider.decide(facts_of(event, self._decider, self._context))
        return 0 if is_open(decision, self._program) else RANK[str(decision.verdict)]


class Side(Subject):
    """One of two policies."""

    @cached_property
    def layer(self) -> Layer:
        """The policy compiled."""
        return self.program.layers[0]

    @cached_property
    def levels(self) -> Levels:
        """How strongly the policy stops events."""
        return Levels(self.program, self.context)

    @cached_property
    def compiled(self) -> Mapping[str, CompiledRule | CompiledSequence]:
        """Rules by id; what has expired is not there."""
        singles: dict[str, CompiledRule | CompiledSequence] = {rule.id: rule for rule in self.rules}
        return singles | {sequence.rule.id: sequence for sequence in self.sequences}

    def meaning(self, rule_id: str) -> Hashable:
        """Everything of a rule that has a part in its verdict; ``None`` where it does not count."""
        found = self.compiled.get(rule_id)
        if isinstance(found, CompiledSequence):
            steps = tuple((_meaning(s.rule), s.count, s.negated) for s in found.steps)
            return _meaning(found.rule), steps, found.within_ns, found.by
        return None if found is None else _meaning(found)


def of_rule(before: Side, after: Side | None, rule_id: str) -> Effect:
    """What the new form of a rule does in place of the old one; ``None`` as ``after``: what its absence does."""
    old = before.compiled.get(rule_id)
    new = None if after is None else after.compiled.get(rule_id)
    if isinstance(old, CompiledSequence) or isinstance(new, CompiledSequence):
        return _of_sequence(old, new)
    if old is None and new is None:
        return Effect("none", certain=True)
    possible = _possible(before, old, new)
    if not possible:
        return Effect("none", certain=True)
    rules = tuple(r for r in before.rules if r.id != rule_id) + (() if new is None else (new,))
    return _shown(before, replace(before.layer, rules=rules), differences.events(old, new), possible)


def of_default(before: Side, selector: str, action: str | None) -> Effect:
    """What another default does; ``None``: what its absence does."""
    defaults = {**before.layer.defaults, selector: action}
    made = {name: found for name, found in defaults.items() if found is not None}
    possible = _direction(_level(before.layer.defaults.get(selector)), _level(action))
    if not possible:
        return Effect("none", certain=True)
    return _shown(before, replace(before.layer, defaults=made), (), possible)


def _shown(before: Side, layer: Layer, events: Iterable[TestEvent], possible: frozenset[str]) -> Effect:
    """Look for an event in each possible direction, among the given ones and then among the probes."""
    after = Levels(replace(before.program, layers=(layer,)), before.context)
    found: dict[str, TestEvent] = {}
    for event in _with_probes(events, before.context):
        direction = _direction(before.levels.of(event), after.of(event))
        found |= {name: event for name in direction if name not in found}
        if possible <= found.keys():
            break
    effect = "both" if len(found) == 2 else next(iter(found), "unknown")
    return Effect(effect, bool(found) and possible <= found.keys(), found.get("wider"), found.get("narrower"))


def _with_probes(events: Iterable[TestEvent], context: RunContext) -> Iterable[TestEvent]:
    yield from events
    yield from (probe.event for probe in probes(context))


def _possible(before: Side, old: CompiledRule | None, new: CompiledRule | None) -> frozenset[str]:
    """Directions that are not ruled out by what the two forms of a rule match and do."""
    if old is None or new is None:
        rule = old or new
        return NEITHER if rule is None else _contributes(before, rule, came=old is None)
    grows, shrinks = rule_within(old, new), rule_within(new, old)
    same_action = (old.action, old.enforce) == (new.action, new.enforce)
    if grows and shrinks:
        return NEITHER if same_action else _other_action(before, old, new)
    if same_action and (grows or shrinks):
        return _contributes(before, new, came=grows)
    return BOTH


def _contributes(before: Side, rule: CompiledRule, *, came: bool) -> frozenset[str]:
    """What a rule can do where it did not match before (``came``), or what its absence can do."""
    if not rule.enforce:
        return NEITHER
    lowers = WIDER if _lifts(before, rule) else NEITHER
    raises = NARROWER if stops(rule) and not _stopped_anyway(before, rule) else NEITHER
    found = lowers | raises
    return found if came else frozenset({"wider": "narrower", "narrower": "wider"}[name] for name in found)


def _lifts(before: Side, rule: CompiledRule) -> bool:
    """Whether a rule may put something weaker in the place of a default: none does where another rule speaks anyway."""
    spoken = [action for _, group in reach(rule.on) for s in group if (action := before.layer.defaults.get(s))]
    others = (r for r in before.rules if r.id != rule.id and r.enforce)
    stronger = max(map(_level, spoken), default=0) > _level(rule.action)
    return stronger and not any(rule_within(rule, other) for other in others)


def _stopped_anyway(before: Side, rule: CompiledRule) -> bool:
    """Whether other rules, or a default that nothing lifts, surely stop every event of a rule as strongly."""
    strong = (r for r in before.rules if r.id != rule.id and stops(r) and RANK[r.action] >= RANK[rule.action])
    return any(rule_within(rule, other) for other in strong) or surely_stopped(before, rule)


def _other_action(before: Side, old: CompiledRule, new: CompiledRule) -> frozenset[str]:
    """The same events and another action: the stronger one narrows; one that only records may do either."""
    if old.enforce and new.enforce:
        return _direction(_level(old.action), _level(new.action))
    gone = _contributes(before, old, came=False) if old.enforce else NEITHER
    return gone | (_contributes(before, new, came=True) if new.enforce else NEITHER)


def _of_sequence(old: object, new: object) -> Effect:
    """A stop after a sequence can only narrow when it comes; no single event shows it."""
    if old is None or new is None:
        there = new if old is None else old
        counts = isinstance(there, CompiledSequence) and stops(there.rule)
        effect = ("narrower" if old is None else "wider") if counts else "none"
        return Effect(effect, certain=True)
    return Effect("unknown", certain=False)


def _meaning(rule: CompiledRule) -> Hashable:
    return rule.action, rule.enforce, rule.on, rule.match, rule.unless


def _level(action: str | None) -> int:
    return RANK[action] if action in STOPPING else 0


def _direction(before: int, after: int) -> frozenset[str]:
    return NEITHER if before == after else NARROWER if after > before else WIDER
