"""What of a program the sensor can decide by itself, in the kernel, before a call returns.

The kernel looks names up; it cannot run a pattern. So a rule goes there only as far as it can be
said in whole names, and what is left is told with its reason: user space then kills after the
fact. Two things must never happen: a deny that is wider in the kernel than it is written, and a
default that stops what a rule allows. So a default goes to the kernel only with every rule that lifts it.

How the sensor reads the plan: for each selector of an event (an open for reading and writing has two) and
each name that it touches (a rename or link has two; an exec has its path, script and program, any of
which may match) the surest rule that matches wins, else the default of the selector; over all of them
the surest: kill, deny, freeze, ask. What a symbolic link points to is such a name too, but falls under no default.
``exes`` of an exec is the new program. IPv4 in IPv6 counts as IPv4, and only so.
Allow and audit rules are in the plan only where they lift a default: they stop nothing themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline import schema
from pipeline.policy.building import building
from pipeline.policy.compile import STOPPING, UNSTOPPABLE, CompiledRule, Layer, Program
from pipeline.policy.kernel_rules import SELECTORS, KernelRule, Part, PathTarget, kernel_selectors, part_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["KernelPlan", "KernelRule", "PathTarget", "kernel_plan"]

MOST_RULES = 64
"""Rules of a plan: one bit each in a 64-bit word."""

INLINE = ("ask", "deny", "freeze", "kill")
"""Stopping actions that the sensor carries out as they are."""

HOLDING = ("ask", "freeze")
"""Those of them that leave the process alive: it is stopped, and may go on when that is decided."""

_STRENGTH = {a: i for i, a in enumerate(schema.VERDICTS)}

_FIRMNESS = {a: i for i, a in enumerate(("ask", "freeze", "deny", "kill"))}
"""How surely the sensor stops something: who is denied dies, who is held may go on later."""


@dataclass(frozen=True)
class KernelPlan:
    """What the sensor decides; a selector that is not in ``defaults`` has none in the kernel."""

    rules: tuple[KernelRule, ...]
    defaults: Mapping[str, str]
    enforce: bool
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Default:
    """Default of one selector in the kernel, the rules that it needs there, and what is left to user space."""

    action: str | None
    lifters: tuple[KernelRule, ...] = ()
    reasons: tuple[str, ...] = ()


@building()
def kernel_plan(program: Program) -> KernelPlan:
    """The plan of a program; pure, and the same for the same program."""
    parts = {id(rule): part_of(rule) for rule in program.rules}
    stoppers = sorted(
        (r for r in program.rules if r.action in STOPPING and r.enforce and not r.inert),
        key=lambda r: -_STRENGTH[r.action],
    )
    left_out = [(rule.id, reason) for rule in stoppers for _, reason in parts[id(rule)].reasons]
    left_out += [
        (f"default:{s}", f"{s}: decided in user space") for s, a in program.defaults.items() if _is_outside(s, a)
    ]
    chosen = [p for r in stoppers if (p := parts[id(r)].rule) is not None]
    left_out += [(r.id, f"the kernel holds {MOST_RULES} rules") for r in chosen[MOST_RULES:]]
    chosen, defaults = chosen[:MOST_RULES], {}
    for selector in SELECTORS:
        found = _default(program, selector, parts)
        grown = _with_lifters(chosen, selector, found.lifters)
        reasons = found.reasons
        if len(grown) > MOST_RULES:
            reasons = (*reasons, f"the rules that lift it do not fit beside the others: the kernel holds {MOST_RULES}")
        elif found.action:
            defaults[selector], chosen = found.action, grown
        left_out += [(f"default:{selector}", reason) for reason in reasons]
    numbered = tuple(replace(rule, bit=bit, action=inline(rule.action)) for bit, rule in enumerate(chosen))
    defaults = {selector: inline(action) for selector, action in defaults.items()}
    return KernelPlan(numbered, defaults, program.mode == "enforce", tuple(dict.fromkeys(left_out)))


def inline(action: str) -> str:
    """What the sensor does at once for an action; the rest of it follows in user space.

    Who asks, or is to be frozen, is stopped before the call returns and can go on later; who is to lose a file or
    the network is denied.
    """
    return "deny" if action in STOPPING and action not in INLINE else action


def _is_outside(selector: str, action: str) -> bool:
    """Whether a default stops something that only user space can stop."""
    return action in STOPPING and selector not in UNSTOPPABLE and not kernel_selectors([selector])


def _with_lifters(chosen: list[KernelRule], selector: str, lifters: Iterable[KernelRule]) -> list[KernelRule]:
    """``chosen`` and the lifters, each for the selectors it is needed for."""
    grown = {(r.policy, r.id): r for r in chosen}
    for rule in lifters:
        before = grown.get((rule.policy, rule.id))
        operations = frozenset({selector}) | (before.operations if before else frozenset())
        grown[rule.policy, rule.id] = replace(rule, operations=operations)
    return list(grown.values())


def _default(program: Program, selector: str, parts: Mapping[int, Part]) -> _Default:
    """The default of one selector; of several policies' the strongest that no rule lifts, else none where rules do."""
    spoken = [(layer, a) for layer in program.layers if (a := layer_default(layer, selector))]
    stopping = [(layer, a) for layer, a in spoken if a in STOPPING]
    if not stopping:
        return _Default(schema.stronger(a for _, a in spoken) if spoken else None)
    firm = [(layer, a) for layer, a in stopping if not _lifters(layer, selector, a)]
    layer, action = max(firm or stopping, key=lambda pair: (_FIRMNESS[inline(pair[1])], _STRENGTH[pair[1]]))
    lifters = _lifters(layer, selector, action)
    reason = _why_not(lifters, selector, parts, several=len(stopping) > 1)
    if reason:
        return _Default(None, (), (reason,))
    said = tuple(p for r in lifters if (p := parts[id(r)].rule) is not None and selector in p.operations)
    return _Default(action, said, _weakened(program, layer, selector, action))


def layer_default(layer: Layer, selector: str) -> str | None:
    """The strongest default of a layer that speaks of a selector of the kernel."""
    found = [a for name, a in layer.defaults.items() if selector in kernel_selectors([name])]
    return schema.stronger(found) if found else None


def _lifters(layer: Layer, selector: str, action: str) -> list[CompiledRule]:
    """Rules of a layer that could put something weaker in the place of its default, for some event of a selector."""
    related = {selector}.union(*(o.selectors for o in schema.OPERATIONS if selector in o.selectors))
    return [
        r
        for r in layer.rules
        if r.enforce and not r.inert and _STRENGTH[r.action] < _STRENGTH[action] and r.on & related
    ]


def _weakened(program: Program, layer: Layer, selector: str, action: str) -> tuple[str, ...]:
    """Why user space may still have to do more than the default that the kernel has."""
    others = [other for other in program.layers if other is not layer]
    stronger = [o for o in others if _STRENGTH[layer_default(o, selector) or "allow"] > _STRENGTH[action]]
    rules = [
        r.action
        for other in others
        for r in other.rules
        if r.action in STOPPING and r.enforce and not r.inert and selector in kernel_selectors(r.on)
    ]
    reasons = []
    if any(_lifters(o, selector, layer_default(o, selector) or "allow") for o in stronger):
        reasons.append("a stronger default of another policy, which rules lift, is decided in user space")
    elif stronger:
        reasons.append("the kernel stops it more surely, and user space follows with the default of another policy")
    if any(_STRENGTH[a] < _STRENGTH[action] for a in rules):
        reasons.append(
            f"where a weaker rule of another policy matches, the kernel does as it says and user space follows with {action}"
        )
    return tuple(reasons)


def _why_not(lifters: Sequence[CompiledRule], selector: str, parts: Mapping[int, Part], *, several: bool) -> str | None:
    """Why a stopping default cannot be decided in the kernel, or ``None``."""
    if several and lifters:
        return "several policies have such a default, and each is lifted by rules of its own"
    for rule in lifters:
        if selector not in kernel_selectors(rule.on):
            return f"rule '{rule.id}' lifts it for {', '.join(sorted(rule.on))}, which the kernel does not tell apart"
        if selector not in parts[id(rule)].exact:
            return f"rule '{rule.id}' lifts it and cannot be said whole in the kernel: {parts[id(rule)].reasons[-1][1]}"
    return None
