"""One event as each policy sees it: under each group of selectors and each name that it touches, what every rule says.

All answers are the decider's. A view is isolated by an event that has that group and name only; which key of a rule fails is
asked with rules that have just that key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipeline.policy.analysis.reach import RANK
from pipeline.policy.analysis.samples import varied
from pipeline.policy.compile import CompiledMatch, CompiledRule, Layer, Program
from pipeline.policy.decide import OPENS, Decider, Decision, Facts, groups
from pipeline.policy.model import TestEvent
from pipeline.policy.testing import facts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.context import RunContext

_FIELDS = {
    "paths": "path", "labelled": "label", "exes": "exe", "networks": "ip", "nets": "net", "ports": "port",
    "protocols": "protocol", "size": "size",
}  # fmt: skip
"""Keys of a match by the field of its compiled form; the others are texts."""


@dataclass(frozen=True)
class RuleView:
    """What one rule has to do with an event.

    ``outcome``: decides; weaker (it matches, another one is heard); records (it matches and only records); unless (its
    exception holds); key (some key does not match); sockets (it does not speak of unix sockets). ``keys`` are those that fail,
    or those of the exception.
    """

    rule: str
    policy: str
    place: str
    action: str
    outcome: str
    keys: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class View:
    """One policy on one group of selectors and one name; ``name`` is the path in question, ``None`` where there is none.

    ``default`` is the default that speaks there (``default:NAME``), whether or not it decides.
    """

    policy: str
    selectors: tuple[str, ...]
    name: str | None
    decision: Decision
    default: str | None
    rules: tuple[RuleView, ...]


def views(program: Program, event: TestEvent, context: RunContext) -> tuple[View, ...]:
    """Every view of an event, policy by policy."""
    parts = tuple(isolated(event))
    return tuple(
        view for layer in program.layers for view in _Looking(program, layer, event.on, parts, context).views()
    )


def isolated(event: TestEvent) -> Iterator[tuple[TestEvent, bool]]:
    """The event with one group of selectors and one name each, and whether defaults speak of it."""
    asked = groups(event.on, frozenset(event.intent))
    parts = [event]
    if event.on in OPENS:
        parts = [varied(event, intent=()), *(varied(event, on=group[0], intent=()) for group in asked[1:])]
    for part in parts:
        if event.on in ("file.rename", "file.link"):
            yield varied(part, path_to=part.path), True
            yield varied(part, path=part.path_to), True
        elif event.on == "file.symlink":
            yield varied(part, path=part.path_to), True
            yield varied(part, path_to=part.path), False
        else:
            yield part, True


class _Looking:
    """One policy looking at an event: its decider with a question for each key of each rule."""

    def __init__(
        self,
        program: Program,
        layer: Layer,
        operation: str,
        parts: tuple[tuple[TestEvent, bool], ...],
        context: RunContext,
    ) -> None:
        self._layer, self._parts, self._context = layer, parts, context
        self._unix = operation.startswith("net.") and any(part.protocol == "unix" for part, _ in parts)
        selectors = {s for part, _ in parts for s in groups(part.on, frozenset())[0]}
        speaking = [rule for rule in layer.rules if not rule.on.isdisjoint(selectors)]
        self._keys = {rule.id: list(_questions(rule, rule.match, unix=self._unix)) for rule in speaking}
        self._whole = {rule.id: replace(rule, unless=None) for rule in speaking}
        asked = [q for found in self._keys.values() for _, q in found]
        self._program = replace(program, layers=(layer,))
        self._decider = Decider(self._program, [*asked, *self._whole.values()])

    @cached_property
    def _bare(self) -> Decider:
        """The same without defaults; few events need it."""
        return Decider(replace(self._program, layers=(replace(self._layer, defaults={}),)))

    def views(self) -> Iterator[View]:
        """One view for each isolated event."""
        for part, with_defaults in self._parts:
            facts = facts_of(part, self._decider, self._context)
            decision = self._decider.decide(facts)
            if not with_defaults:
                decision = self._bare.decide(facts_of(part, self._bare, self._context))
            selectors = groups(part.on, frozenset())[0]
            rules = tuple(self._rule(r, facts, decision) for r in self._layer.rules if not r.on.isdisjoint(selectors))
            default = self._default(selectors) if with_defaults and not self._unix else None
            yield View(self._layer.policy, selectors, part.path, decision, default, rules)

    def _default(self, selectors: tuple[str, ...]) -> str | None:
        spoken = [s for s in selectors if s in self._layer.defaults]
        return f"default:{max(spoken, key=lambda s: RANK[self._layer.defaults[s]])}" if spoken else None

    def _rule(self, rule: CompiledRule, facts: Facts, decision: Decision) -> RuleView:
        if self._unix and not rule.names_sockets:
            return _said(rule, "sockets", (), "it names neither a path nor protocol unix: it does not speak of sockets")
        if self._decider.matches(rule, facts):
            return _matching(rule, decision)
        if rule.unless is not None and self._decider.matches(self._whole[rule.id], facts):
            keys = tuple(keys_of(rule.unless))
            return _said(rule, "unless", keys, f"its 'unless' holds: {', '.join(keys)}")
        keys = tuple(key for key, question in self._keys[rule.id] if not self._decider.matches(question, facts))
        return _said(rule, "key", keys, f"does not match: {', '.join(keys)}")


def keys_of(match: CompiledMatch) -> Iterator[str]:
    """The keys that a match gives, as they are written."""
    yield from (key for name, key in _FIELDS.items() if getattr(match, name))
    yield from (key for key, _ in match.texts)


def _questions(rule: CompiledRule, match: CompiledMatch, *, unix: bool) -> Iterator[tuple[str, CompiledRule]]:
    """The rule with one key at a time; of a unix socket only what names it is asked at all."""
    socket: dict[str, Any] = {"protocols": ("unix",)} if unix else {}
    for name, key in _FIELDS.items():
        if value := getattr(match, name):
            yield key, replace(rule, match=CompiledMatch(**socket | {name: value}), unless=None)
    for text in match.texts:
        yield text[0], replace(rule, match=CompiledMatch(**socket, texts=(text,)), unless=None)


def _matching(rule: CompiledRule, decision: Decision) -> RuleView:
    if (decision.policy, decision.rule) == (rule.policy, rule.id):
        return _said(rule, "decides", (), "it matches and decides")
    if not rule.enforce:
        return _said(rule, "records", (), "it matches, and only records")
    return _said(rule, "weaker", (), f"it matches, and '{decision.rule}' ({decision.verdict}) is heard in its place")


def _said(rule: CompiledRule, outcome: str, keys: tuple[str, ...], text: str) -> RuleView:
    return RuleView(rule.id, rule.policy, rule.place, rule.action, outcome, keys, text)
