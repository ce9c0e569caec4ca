"""Where each rule that stops something is carried out on the tracepoint tier.

A policy's author must know whether a deny prevents or only punishes: in the kernel nothing that
was denied becomes visible to the process; what user space kills after the fact has happened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.policy.compile import STOPPING, UNSTOPPABLE, CompiledRule, CompiledSequence, Program
from pipeline.policy.kernel import KernelPlan, inline, kernel_plan
from pipeline.policy.kernel_rules import FILE_SELECTORS, kernel_selectors, part_of

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLED_BEFORE_RETURN = "kernel: killed before the process returns to user mode"
REFUSED_IN_CGROUP = "kernel: refused in the cgroup hook"
KILLED_AFTER = "user space: killed after the fact"
NOWHERE = "nowhere: recorded only"
AUDITED = "nowhere: recorded only, the mode is audit"
ITSELF_AUDITED = "nowhere: recorded only, the rule's mode is audit"


@dataclass(frozen=True)
class Enforcement:
    """One way in which a rule or default is carried out, for some operations; ``reason`` says why no earlier way."""

    rule: str
    policy: str
    action: str
    operations: tuple[str, ...]
    where: str
    reason: str


def explain_enforcement(program: Program) -> list[Enforcement]:
    """Where each stopping rule, then each stopping default, is carried out; one entry for each way and reason."""
    plan = kernel_plan(program)
    found = [way for rule in program.rules if rule.action in STOPPING for way in _rule_ways(rule, plan)]
    found += [way for sequence in program.sequences for way in _sequence_ways(sequence)]
    stopping = [(name, action) for name, action in program.defaults.items() if action in STOPPING]
    found += [way for name, action in stopping for way in _default_ways(name, action, program, plan)]
    return found if program.mode == "enforce" else [replace(way, where=AUDITED, reason="") for way in found]


def _sequence_ways(sequence: CompiledSequence) -> Iterator[Enforcement]:
    """A rule with a memory acts when its last event was seen: after the fact, whatever the event is."""
    rule = sequence.rule
    if rule.action in STOPPING:
        where = KILLED_AFTER if rule.enforce else ITSELF_AUDITED
        yield Enforcement(
            rule.id, rule.policy, rule.action, tuple(sorted(rule.on)), where, "what went before is known in user space"
        )


def _rule_ways(rule: CompiledRule, plan: KernelPlan) -> Iterator[Enforcement]:
    if not rule.enforce:
        yield Enforcement(rule.id, rule.policy, rule.action, tuple(sorted(rule.on)), ITSELF_AUDITED, "")
        return
    part = part_of(rule)
    inside = [k for k in plan.rules if (k.policy, k.id) == (rule.policy, rule.id)]
    ways = [way for kernel in inside for way in _kernel_ways(kernel.operations)]
    if part.rule and not inside:
        ways.append((tuple(sorted(part.rule.operations)), KILLED_AFTER, "the kernel has no place for more rules"))
    ways += [(operations, KILLED_AFTER, text) for operations, text in part.reasons]
    gone = tuple(s for s in UNSTOPPABLE if s in rule.on)
    if gone:
        ways.append((gone, NOWHERE, "nothing is left to stop"))
    for operations, where, text in ways:
        yield Enforcement(rule.id, rule.policy, rule.action, operations, where, text)


def _kernel_ways(operations: frozenset[str]) -> list[tuple[tuple[str, ...], str, str]]:
    files = tuple(sorted(s for s in operations if s in FILE_SELECTORS))
    nets = tuple(sorted(s for s in operations if s not in FILE_SELECTORS))
    ways = ((files, KILLED_BEFORE_RETURN, ""), (nets, REFUSED_IN_CGROUP, ""))
    return [way for way in ways if way[0]]


def _default_ways(name: str, action: str, program: Program, plan: KernelPlan) -> Iterator[Enforcement]:
    reach = kernel_selectors([name])
    inside = frozenset(s for s in reach if plan.defaults.get(s) == inline(action))
    ways = _kernel_ways(inside)
    outside = tuple(sorted(reach - inside)) or (() if reach else (name,))
    if name in UNSTOPPABLE:
        ways.append(((name,), NOWHERE, "nothing is left to stop"))
    elif outside:
        told = dict(plan.left_out)
        text = next((told[key] for key in (f"default:{s}" for s in (name, *outside)) if key in told), "")
        ways.append((outside, KILLED_AFTER, text))
    policies = [layer.policy for layer in program.layers if layer.defaults.get(name) == action]
    for operations, where, text in ways:
        yield Enforcement(f"default:{name}", policies[0], action, operations, where, text)
