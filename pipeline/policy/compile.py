"""From policies to one program: variables filled in, patterns parsed, everything ready to match.

The context is a value, so that compiling does no I/O and gives the same program for the same
input; who runs where is found out at the rim. A policy whose scope does not hold here is not
part of the program and is named in ``out_of_scope``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline import schema
from pipeline.policy import globs
from pipeline.policy.combine import STOPPING, UNSTOPPABLE, common_mode, place_of, refuse_twins, refuse_unstoppable
from pipeline.policy.context import RunContext, in_scope, resolver
from pipeline.policy.source import Location, PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.policy.model import Match, Policy, Rule

__all__ = [
    "STOPPING",
    "UNSTOPPABLE",
    "CompiledMatch",
    "CompiledRule",
    "Layer",
    "Program",
    "RunContext",
    "compile_policies",
]

SEVERITY_OF = {"allow": None, "audit": "informational", "deny": "medium", "kill": "high"}
"""Severity of a rule that names none, and of a default."""


@dataclass(frozen=True)
class CompiledMatch:
    """A match with its patterns parsed; an empty key matches everything."""

    paths: tuple[globs.Glob, ...] = ()
    exes: tuple[globs.Glob, ...] = ()
    networks: tuple[str, ...] = ()
    nets: tuple[str, ...] = ()
    ports: tuple[tuple[int, int], ...] = ()
    protocols: tuple[str, ...] = ()


@dataclass(frozen=True)
class CompiledRule:
    """A rule ready to be matched; ``place`` is its ``file:line:column``."""

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

    @property
    def names_sockets(self) -> bool:
        """Whether a network rule speaks of unix sockets: it must name a path or the protocol."""
        return bool(self.match.paths) or "unix" in self.match.protocols


@dataclass(frozen=True)
class Layer:
    """One policy of a program: its rules lift its own defaults only, so that layers can but narrow."""

    policy: str
    version: str
    rules: tuple[CompiledRule, ...]
    defaults: Mapping[str, str]


@dataclass(frozen=True)
class Program:
    """All policies in force for one run."""

    name: str
    version: str
    mode: str
    layers: tuple[Layer, ...]
    out_of_scope: tuple[str, ...] = ()

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


def compile_policies(policies: Sequence[Policy], context: RunContext, *, mode: str | None = None) -> Program:
    """The program of all policies whose scope holds here; ``mode`` overrides that of the files.

    Raises ``PolicyError``: a variable without a value, policies of different modes, two policies of one
    name, or a deny that nothing could enforce.
    """
    inside = [p for p in policies if in_scope(p, context)]
    refuse_twins(policies)
    layers = tuple(_layer(p, context) for p in inside)
    chosen = mode or common_mode(inside)
    if chosen == "enforce":
        for policy in inside:
            refuse_unstoppable(policy)
    return Program(
        name="+".join(p.name for p in inside),
        version=_joint_version(inside),
        mode=chosen,
        layers=layers,
        out_of_scope=tuple(p.name for p in policies if p not in inside),
    )


def _joint_version(policies: Sequence[Policy]) -> str:
    if len(policies) == 1:
        return policies[0].version
    return hashlib.sha256("".join(p.version for p in policies).encode()).hexdigest()


def _layer(policy: Policy, context: RunContext) -> Layer:
    problems: list[Problem] = []
    rules = tuple(_rule(policy, i, context, problems) for i in range(len(policy.rules)))
    if problems:
        raise PolicyError(policy.source_path, problems)
    return Layer(policy.name, policy.version, rules, policy.defaults)


def _rule(policy: Policy, index: int, context: RunContext, problems: list[Problem]) -> CompiledRule:
    rule: Rule = policy.rules[index]
    here: Location = ("rules", index)
    line, column = place_of(policy, here)
    return CompiledRule(
        id=rule.id,
        policy=policy.name,
        policy_version=policy.version,
        action=rule.action,
        severity=rule.severity or SEVERITY_OF[rule.action],
        on=frozenset(rule.on),
        match=_match(rule.match, policy, (*here, "match"), context, problems),
        unless=None if rule.unless is None else _match(rule.unless, policy, (*here, "unless"), context, problems),
        title=rule.title,
        because=rule.because,
        instead=rule.instead,
        attack=rule.attack,
        best_effort=rule.best_effort,
        place=f"{policy.source_path}:{line}:{column}",
    )


def _match(match: Match, policy: Policy, here: Location, context: RunContext, problems: list[Problem]) -> CompiledMatch:
    def patterns(key: str, texts: tuple[str, ...]) -> tuple[globs.Glob, ...]:
        found: dict[str, globs.Glob] = {}
        for i, text in enumerate(texts):
            try:
                found |= {g.regex: g for g in globs.parse(globs.fill(text, resolver(context)))}
            except globs.GlobError as error:
                problems.append(Problem(*place_of(policy, (*here, key, i)), f"'{text}': {error}"))
        return tuple(found.values())

    return CompiledMatch(
        paths=patterns("path", match.path),
        exes=patterns("exe", match.exe),
        networks=match.ip,
        nets=match.net,
        ports=match.port,
        protocols=match.protocol,
    )
