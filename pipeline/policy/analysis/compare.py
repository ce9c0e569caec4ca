"""Two policies, rule by rule: what was added, removed or changed, and whether that stops more or less.

Each change is made to the old policy by itself. *Wider* is said with an event that the old policy stops and the changed
one does not, *narrower* with one the other way round; *none* only where both surely say the same of everything. ``certain`` tells
that the other direction is ruled out, not merely that no event was found for it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from pipeline.policy.analysis import effects
from pipeline.policy.analysis.effects import Effect, Side
from pipeline.policy.combine import place_of
from pipeline.policy.kinds import ANSWERS, Failure
from pipeline.policy.model import Policy, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.context import RunContext
    from pipeline.policy.model import TestEvent

__all__ = ["Change", "compare"]

_TOLD_ONLY = (
    "id",
    "title",
    "because",
    "instead",
    "attack",
    "atlas",
    "owasp",
    "severity",
    "origin",
    "best_effort",
    "locked",
)
"""Fields of a rule that have no part in its verdict."""

_FAILING: tuple[Failure | None, ...] = ("open", None, "closed")
"""What becomes of a run, from the widest on; without a word it depends on the command."""


@dataclass(frozen=True)
class Change:
    """One difference. ``kind``: added, removed, changed, default, mode, scope, holds or on_failure; ``rule`` is an id or ``default:NAME``.

    ``effect``: narrower, wider, both, none or unknown. ``wider`` and ``narrower`` are events that show it.
    """

    kind: str
    rule: str | None
    place: str
    text: str
    effect: str
    certain: bool
    wider: TestEvent | None = None
    narrower: TestEvent | None = None


def compare(old: Policy, new: Policy, context: RunContext) -> list[Change]:
    """Differences from one policy to another, by rule; raises ``PolicyError`` where one does not compile."""
    before, after = Side(old, context), Side(new, context)
    return [*_whole(before, after), *_defaults(before, after), *_rules(before, after)]


def _rules(before: Side, after: Side) -> Iterator[Change]:
    old = {rule.id: rule for rule in before.policy.rules}
    new = {rule.id: rule for rule in after.policy.rules}
    named = _renamed(before, after)
    for rule_id, rule in old.items():
        if rule_id in new:
            yield from _changed(before, after, rule, new[rule_id])
        elif rule_id in named:
            text = f"renamed from '{rule_id}'"
            yield _change("changed", named[rule_id], after, text, Effect("none", certain=True))
        else:
            effect = effects.of_rule(before, None, rule_id)
            yield _change("removed", rule_id, before, _said(rule), effect)
    for rule_id, rule in new.items():
        if rule_id not in old and rule_id not in named.values():
            effect = effects.of_rule(before, after, rule_id)
            yield _change("added", rule_id, after, _said(rule), effect)


def _changed(before: Side, after: Side, old: Rule, new: Rule) -> Iterator[Change]:
    same_text = old == new
    same_meaning = before.meaning(old.id) == after.meaning(new.id)
    if same_text and same_meaning:
        return
    keys = [f.name.rstrip("_") for f in fields(old) if getattr(old, f.name) != getattr(new, f.name)]
    text = f"other {', '.join(keys)}" if keys else "the same text means something else: a label or variable has changed"
    if "action" in keys:
        text += f" ({old.action} -> {new.action})"
    silent = same_meaning and all(key in _TOLD_ONLY for key in keys)
    effect = Effect("none", certain=True) if silent else effects.of_rule(before, after, old.id)
    yield _change("changed", new.id, after, text, effect)


def _renamed(before: Side, after: Side) -> dict[str, str]:
    """Rules that went and came again under another id and mean the same, old id to new."""
    gone = [rule.id for rule in before.policy.rules if rule.id not in after.written]
    came = [rule.id for rule in after.policy.rules if rule.id not in before.written]
    meanings = {meaning: rule_id for rule_id in came if (meaning := after.meaning(rule_id)) is not None}
    found: dict[str, str] = {}
    for rule_id in gone:
        meaning = before.meaning(rule_id)
        if meaning in meanings and meaning is not None:
            found[rule_id] = meanings.pop(meaning)
    return found


def _defaults(before: Side, after: Side) -> Iterator[Change]:
    old, new = before.policy.defaults, after.policy.defaults
    for selector in dict.fromkeys([*old, *new]):
        if old.get(selector) != new.get(selector):
            text = f"{selector}: {old.get(selector, 'no default')} -> {new.get(selector, 'no default')}"
            effect = effects.of_default(before, selector, new.get(selector))
            yield _change("default", f"default:{selector}", after, text, effect)


def _whole(before: Side, after: Side) -> Iterator[Change]:
    old, new = before.policy, after.policy
    if old.mode != new.mode:
        effect = "wider" if new.mode == "audit" else "narrower"
        yield _change("mode", None, after, f"{old.mode} -> {new.mode}", Effect(effect, certain=True))
    if old.scope != new.scope:
        keys = [f.name for f in fields(old.scope) if getattr(old.scope, f.name) != getattr(new.scope, f.name)]
        text = "; ".join(f"{k}: {list(getattr(old.scope, k))} -> {list(getattr(new.scope, k))}" for k in keys)
        yield _change("scope", None, after, text, _scope_effect(old, new))
    yield from _limits(before, after)


def _limits(before: Side, after: Side) -> Iterator[Change]:
    """What becomes of runs that are held, or whose Lictor has died; what is not given counts as what it stands for."""
    old, new = before.program.holds, after.program.holds
    if old.limit_s != new.limit_s:
        opens = "release" in (new.ask, new.freeze)
        effect = "none" if not opens else "wider" if new.limit_s < old.limit_s else "narrower"
        yield _limit(after, "holds", f"limit: {old.limit_s:g} s -> {new.limit_s:g} s", effect)
    for name in ("ask", "freeze"):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            effect = "wider" if ANSWERS.index(now) < ANSWERS.index(was) else "narrower"
            yield _limit(after, "holds", f"{name}: {was} -> {now}", effect)
    failed, fails = before.policy.on_failure, after.policy.on_failure
    if failed != fails:
        effect = "wider" if _FAILING.index(fails) < _FAILING.index(failed) else "narrower"
        yield _limit(after, "on_failure", f"{failed or 'not given'} -> {fails or 'not given'}", effect)


def _limit(after: Side, kind: str, text: str, effect: str) -> Change:
    return _change(kind, None, after, text, Effect(effect, certain=True))


def _scope_effect(old: Policy, new: Policy) -> Effect:
    """Where a policy holds it can only narrow: so fewer patterns are wider, more are narrower."""

    def holds(outer: Policy, inner: Policy) -> bool:
        keys = [f.name for f in fields(outer.scope)]
        pairs = [(getattr(outer.scope, key), getattr(inner.scope, key)) for key in keys]
        return all("*" in out or set(inn) <= set(out) for out, inn in pairs)

    more, fewer = holds(new, old), holds(old, new)
    if more == fewer:
        return Effect("none" if more else "unknown", certain=more)
    return Effect("narrower" if more else "wider", certain=True)


def _said(rule: Rule) -> str:
    what = f"{rule.action} on {', '.join(rule.on or ())}" if rule.on else f"{rule.action} after a sequence"
    return f"{what}: {rule.title}" if rule.title else what


def _change(kind: str, rule: str | None, side: Side, text: str, effect: Effect) -> Change:
    location: tuple[str | int, ...] = (kind,) if rule is None else ()
    if rule is not None and rule.startswith("default:"):
        location = ("defaults", rule.removeprefix("default:"))
    elif rule is not None:
        location = ("rules", next(i for i, r in enumerate(side.policy.rules) if r.id == rule))
    place = str(place_of(side.policy, location))
    return Change(kind, rule, place, text, effect.effect, effect.certain, effect.wider, effect.narrower)
