"""Where each rule that stops something is carried out on a host, and what it costs there.

A policy's author must know whether a deny prevents or only punishes: in the kernel nothing that
was denied becomes visible to the process; what user space kills after the fact has happened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.policy.compile import STOPPING, CompiledRule, Program
from pipeline.policy.kernel_rules import kernel_selectors
from pipeline.policy.targets.interface import Answer, Host, Wanted
from pipeline.policy.targets.order import available
from pipeline.policy.targets.sensor import KILLED_BEFORE_RETURN, REFUSED_IN_CGROUP
from pipeline.policy.targets.userspace import KILLED_AFTER, NOWHERE, UNWATCHED

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "AUDITED",
    "INERT",
    "ITSELF_AUDITED",
    "KILLED_AFTER",
    "KILLED_BEFORE_RETURN",
    "NOWHERE",
    "REFUSED_IN_CGROUP",
    "UNWATCHED",
    "Enforcement",
    "explain_enforcement",
]

AUDITED = "nowhere: recorded only, the mode is audit"
ITSELF_AUDITED = "nowhere: recorded only, the rule's mode is audit"
INERT = "nowhere: never matches here"


@dataclass(frozen=True)
class Enforcement:
    """One way in which a rule or default is carried out, for some operations; ``reason`` says why no earlier way."""

    rule: str
    policy: str
    action: str
    operations: tuple[str, ...]
    where: str
    reason: str
    cost: str = ""


def explain_enforcement(program: Program, host: Host | None = None) -> list[Enforcement]:
    """Where each stopping rule, then each stopping default, is carried out; one entry for each way and reason."""
    host = host or Host()
    wanted = list(_wanted(program))
    ways: list[list[Enforcement]] = [[] for _ in wanted]
    reasons: list[list[tuple[frozenset[str], str]]] = [[] for _ in wanted]
    for target in available(host):
        for i, answer in enumerate(target.answers(program, wanted)):
            told = [*reasons[i], *answer.reasons]
            ways[i] += _ways(wanted[i], answer, told)
            reasons[i] += answer.reasons
            # What was taken with a loss (a pattern beside whole names) is still wanted from the next.
            whole = {o for share in answer.shares for o in share.operations}.difference(*(o for o, _ in answer.reasons))
            wanted[i] = replace(wanted[i], operations=wanted[i].operations - whole)
    found = [*_inert(program), *(way for one in ways for way in one)]
    return [_quieted(way, program) for way in found]


def _wanted(program: Program) -> Iterator[Wanted]:
    for rule in (*program.rules, *(sequence.rule for sequence in program.sequences)):
        if rule.action in STOPPING and not rule.inert:
            yield Wanted(rule.id, rule.policy, rule.action, _spread(rule))
    for name, action in program.defaults.items():
        if action in STOPPING:
            policy = next(layer.policy for layer in program.layers if layer.defaults.get(name) == action)
            yield Wanted(f"default:{name}", policy, action, kernel_selectors([name]) or frozenset({name}))


def _inert(program: Program) -> Iterator[Enforcement]:
    """Rules that look at what nothing here can tell: a deny does nothing, an allow opens nothing."""
    for rule in program.all_rules:
        if rule.inert:
            yield Enforcement(rule.id, rule.policy, rule.action, tuple(sorted(_spread(rule))), INERT, rule.inert)


def _spread(rule: CompiledRule) -> frozenset[str]:
    """The operations of a rule, ``network`` as what it is."""
    return frozenset(s for o in rule.on for s in (kernel_selectors([o]) or {o}))


def _ways(one: Wanted, answer: Answer, reasons: list[tuple[frozenset[str], str]]) -> Iterator[Enforcement]:
    """The shares of one target, each split by the reason for which no earlier target took it."""
    for share in answer.shares:
        left = share.operations
        if not share.where.startswith("kernel"):
            for operations, text in reasons:
                if operations & share.operations:
                    yield _way(one, operations & share.operations, share.where, text, share.cost)
                    left -= operations
        if left:
            yield _way(one, left, share.where, "", share.cost)


def _way(one: Wanted, operations: frozenset[str], where: str, reason: str, cost: str) -> Enforcement:
    return Enforcement(one.rule, one.policy, one.action, tuple(sorted(operations)), where, reason, cost)


def _quieted(way: Enforcement, program: Program) -> Enforcement:
    """What audit mode makes of a way."""
    if way.where == INERT:
        return way
    if program.mode != "enforce":
        return replace(way, where=AUDITED, reason="", cost="")
    if (way.policy, way.rule) in program.recording:
        return replace(way, where=ITSELF_AUDITED, reason="", cost="")
    return way
