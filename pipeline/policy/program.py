"""Policies compiled: what the judge, the kernel's plan and the memory are made from.

These are values only; ``compile`` makes them for one context.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline import schema
from pipeline.policy.holding import Holds
from pipeline.policy.kinds import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.policy import globs

NEVER = 2**63 - 1
"""A moment that does not come (ns since 1970)."""


@dataclass(frozen=True)
class CompiledMatch:
    """A match with its patterns parsed; an empty key matches everything.

    ``labelled`` are the paths of its labels; ``texts`` holds the other patterns (argv, parent, user, domain,
    exe_hash) as regular expressions, by key.
    """

    paths: tuple[globs.Glob, ...] = ()
    labelled: tuple[globs.Glob, ...] = ()
    exes: tuple[globs.Glob, ...] = ()
    networks: tuple[str, ...] = ()
    nets: tuple[str, ...] = ()
    ports: tuple[tuple[int, int], ...] = ()
    protocols: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    texts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    taint: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CompiledRule:
    """A rule about single events, ready to be matched; ``place`` is its ``file:line:column``.

    ``enforce`` is false where only this rule is in audit mode.
    """

    id: str
    policy: str
    policy_version: str
    action: str
    severity: str | None
    on: frozenset[str]
    match: CompiledMatch
    unless: CompiledMatch | None
    title: str | None
    because: str | None
    instead: str | None
    attack: tuple[str, ...]
    best_effort: bool
    place: str
    enforce: bool = True
    inert: str = ""
    """Why the rule can never match on this machine, where that is so."""
    atlas: tuple[str, ...] = ()
    owasp: tuple[str, ...] = ()

    @property
    def names_sockets(self) -> bool:
        """Whether a network rule speaks of unix sockets: it must name a path or the protocol."""
        return bool(self.match.paths or self.match.labelled) or "unix" in self.match.protocols


@dataclass(frozen=True)
class CompiledStep:
    """One step of a sequence: what an event must be (a rule that audits), how often, or that it must not be there."""

    rule: CompiledRule
    count: int = 1
    negated: bool = False


@dataclass(frozen=True)
class CompiledSequence:
    """A rule that needs a memory; ``rule`` has its names and its action, its ``on`` is that of the last step.

    A rule with ``rate`` or ``taint`` is a sequence of one step.
    """

    rule: CompiledRule
    steps: tuple[CompiledStep, ...]
    within_ns: int
    by: str


@dataclass(frozen=True)
class Layer:
    """One policy of a program: its rules lift its own defaults only, so that layers can but narrow."""

    policy: str
    version: str
    rules: tuple[CompiledRule, ...]
    defaults: Mapping[str, str]
    sequences: tuple[CompiledSequence, ...] = ()
    labels: Mapping[str, tuple[globs.Glob, ...]] = field(default_factory=dict)
    """Every label that the policy names, and its paths here."""


@dataclass(frozen=True)
class Program:
    """All policies in force for one run."""

    name: str
    version: str
    mode: str
    layers: tuple[Layer, ...]
    out_of_scope: tuple[str, ...] = ()
    changes_ns: int = NEVER
    """When the next rule expires, or an excuse ends (ns since 1970): the program must be compiled anew then."""
    holds: Holds = field(default_factory=Holds)
    on_failure: Failure | None = None

    @cached_property
    def sequences(self) -> tuple[CompiledSequence, ...]:
        """Every rule that needs a memory, in the order of the files."""
        return tuple(sequence for layer in self.layers for sequence in layer.sequences)

    @cached_property
    def recording(self) -> frozenset[tuple[str, str]]:
        """(policy, rule) of the rules that only record."""
        return frozenset((rule.policy, rule.id) for rule in self.all_rules if not rule.enforce)

    @property
    def all_rules(self) -> tuple[CompiledRule, ...]:
        """Rules about single events, then those with a memory."""
        return (*self.rules, *(sequence.rule for sequence in self.sequences))

    @cached_property
    def rules(self) -> tuple[CompiledRule, ...]:
        """Every rule, in the order of the files."""
        return tuple(rule for layer in self.layers for rule in layer.rules)

    @cached_property
    def defaults(self) -> Mapping[str, str]:
        """The strongest default of each selector over all layers."""
        merged: dict[str, str] = {}
        for layer in self.layers:
            for selector, action in layer.defaults.items():
                merged[selector] = schema.stronger([action, merged.get(selector, "allow")])
        return merged
