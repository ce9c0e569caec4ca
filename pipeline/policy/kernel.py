"""What of a program the sensor can decide by itself, in the kernel, before a call returns.

The kernel looks names up; it cannot run a pattern. So a rule goes there only as far as it can be
said in whole names, and what is left is told with its reason: user space then kills after the
fact. Two things must never happen: a deny that is wider in the kernel than it is written, and a
default that stops what a rule allows. So a default goes to the kernel only with every rule that lifts it.

How the sensor reads the plan: for each selector of an event (an open for reading and writing has two) and
each name that it touches (a rename or link has two; an exec has its path, script and program, any of
which may match) the strongest rule that matches wins, else the default of the selector; over all of them
the strongest. What a symbolic link points to is such a name too, but falls under no default.
``exes`` of an exec is the new program. IPv4 in IPv6 counts as IPv4, and only so.
Audit rules are in the plan only where they lift a default: they stop nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline import schema
from pipeline.policy.compile import STOPPING, UNSTOPPABLE, CompiledRule, Layer, Program
from pipeline.policy.kernel_rules import SELECTORS, KernelRule, Part, PathTarget, kernel_selectors, part_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["KernelPlan", "KernelRule", "PathTarget", "kernel_plan"]

MOST_RULES = 64
"""Rules of a plan: one bit each in a 64-bit word."""

_STRENGTH = {a: i for i, a in enumerate(schema.VERDICTS)}


@dataclass(frozen=True)
class KernelPlan:
    """What the sensor decides; a selector that is not in ``defaults`` has none in the kernel."""

    rules: tuple[KernelRule, ...]
    defaults: Mapping[str, str]
    enforce: bool
    left_out: tuple[tuple[str, str], ...]


def kernel_plan(program: Program) -> KernelPlan:
    """The plan of a program; pure, and the same for the same program."""
    parts = {id(rule): part_of(rule) for rule in program.rules}
    left_out: list[tuple[str, str]] = []
    defaults, lifters = _defaults(program, parts, left_out)
    stoppers = sorted((r for r in program.rules if r.action in STOPPING), key=lambda r: -_STRENGTH[r.action])
    for rule in stoppers:
        left_out += [(rule.id, reason) for _, reason in parts[id(rule)].reasons]
    chosen = [p for r in stoppers if (p := parts[id(r)].rule) is not None]
    left_out += [(r.id, f"the kernel holds {MOST_RULES} rules") for r in chosen[MOST_RULES:]]
    chosen = chosen[:MOST_RULES]
    for selector, rules in lifters.items():
        grown = _with_lifters(chosen, selector, [r for r in rules if selector in r.operations])
        if len(grown) > MOST_RULES:
            del defaults[selector]
            left_out.append(
                (
                    f"default:{selector}",
                    f"the rules that lift it do not fit beside the others: the kernel holds {MOST_RULES}",
                )
            )
        else:
            chosen = grown
    numbered = tuple(replace(rule, bit=bit) for bit, rule in enumerate(chosen))
    return KernelPlan(numbered, defaults, program.mode == "enforce", tuple(dict.fromkeys(left_out)))


def _with_lifters(chosen: list[KernelRule], selector: str, lifters: Iterable[KernelRule]) -> list[KernelRule]:
    """``chosen`` and the lifters, each for the selectors it is needed for."""
    grown = {(r.policy, r.id): r for r in chosen}
    for rule in lifters:
        before = grown.get((rule.policy, rule.id))
        operations = frozenset({selector}) | (before.operations if before else frozenset())
        grown[rule.policy, rule.id] = replace(rule, operations=operations)
    return list(grown.values())


def _defaults(
    program: Program, parts: Mapping[int, Part], left_out: list[tuple[str, str]]
) -> tuple[dict[str, str], dict[str, list[KernelRule]]]:
    """Defaults of the kernel, and for each stopping one the rules that lift it."""
    defaults: dict[str, str] = {}
    lifters: dict[str, list[KernelRule]] = {}
    for name, action in program.defaults.items():
        if action in STOPPING and not kernel_selectors([name]) and name not in UNSTOPPABLE:
            left_out.append((f"default:{name}", f"{name}: decided in user space"))
    for selector in SELECTORS:
        spoken = {layer.policy: (layer, a) for layer in program.layers if (a := layer_default(layer, selector))}
        stopping = [(layer, a) for layer, a in spoken.values() if a in STOPPING]
        if not stopping:
            defaults |= {selector: schema.stronger(a for _, a in spoken.values())} if spoken else {}
            continue
        lifted = {layer.policy: _lifters(layer, selector) for layer, _ in stopping}
        firm = [(layer, a) for layer, a in stopping if not lifted[layer.policy]] or stopping
        layer, action = max(firm, key=lambda pair: _STRENGTH[pair[1]])
        reason = _why_not(lifted[layer.policy], selector, parts, several=len(stopping) > 1)
        if reason:
            left_out.append((f"default:{selector}", reason))
            continue
        defaults[selector] = action
        lifters[selector] = [p for r in lifted[layer.policy] if (p := parts[id(r)].rule) is not None]
        if any(_STRENGTH[a] > _STRENGTH[action] for _, a in stopping):
            left_out.append(
                (
                    f"default:{selector}",
                    "a stronger default of another policy, which rules lift, is decided in user space",
                )
            )
    return defaults, lifters


def layer_default(layer: Layer, selector: str) -> str | None:
    """The strongest default of a layer that speaks of a selector of the kernel."""
    found = [a for name, a in layer.defaults.items() if selector in kernel_selectors([name])]
    return schema.stronger(found) if found else None


def _lifters(layer: Layer, selector: str) -> list[CompiledRule]:
    """Rules of a layer that could lift its default for some event of a selector."""
    related = {selector}.union(*(o.selectors for o in schema.OPERATIONS if selector in o.selectors))
    return [r for r in layer.rules if r.action not in STOPPING and r.on & related]


def _why_not(lifters: list[CompiledRule], selector: str, parts: Mapping[int, Part], *, several: bool) -> str | None:
    """Why a stopping default cannot be decided in the kernel, or ``None``."""
    if several and lifters:
        return "several policies have such a default, and each is lifted by rules of its own"
    for rule in lifters:
        if selector not in kernel_selectors(rule.on):
            return f"rule '{rule.id}' lifts it for {', '.join(sorted(rule.on))}, which the kernel does not tell apart"
        if selector not in parts[id(rule)].exact:
            return f"rule '{rule.id}' lifts it and cannot be said whole in the kernel: {parts[id(rule)].reasons[-1][1]}"
    return None
