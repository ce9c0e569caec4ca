"""What ``lint`` says, and the policy as its checks see it: as written, compiled, and ready to be asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline import schema
from pipeline.policy.combine import place_of
from pipeline.policy.compile import CompiledRule, CompiledSequence, Program, RunContext, compile_policies
from pipeline.policy.decide import Decider
from pipeline.policy.model import Policy, Rule, Scope, TestEvent
from pipeline.policy.testing import facts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = (
    "unreachable", "shadowed", "over-broad", "fail-open", "contradictory", "redundant", "no-tests", "no-because", "after-the-fact",
)  # fmt: skip
"""Kinds of findings, in the order in which they matter."""


@dataclass(frozen=True)
class Finding:
    """One thing that ``lint`` found; ``rule`` is an id or ``default:NAME``, ``None`` where it is about the whole file.

    ``place`` is ``file:line:column``; ``other`` names the rule that is the reason, several joined by commas.
    """

    rule: str | None
    place: str
    kind: str
    severity: str
    text: str
    other: str | None = None


@dataclass(frozen=True)
class Subject:
    """A policy by itself, whatever its scope and mode; raises ``PolicyError`` where it does not compile."""

    policy: Policy
    context: RunContext

    @cached_property
    def program(self) -> Program:
        """The policy compiled, without what has expired."""
        return compile_policies([replace(self.policy, scope=Scope())], self.context, mode="audit")

    @cached_property
    def decider(self) -> Decider:
        """The decider of the program."""
        return Decider(self.program)

    @property
    def rules(self) -> tuple[CompiledRule, ...]:
        """Rules about single events, in the order of the file."""
        return self.program.rules

    @property
    def sequences(self) -> tuple[CompiledSequence, ...]:
        """Rules that need a memory."""
        return self.program.sequences

    @cached_property
    def written(self) -> Mapping[str, Rule]:
        """The rules as they are written, by id."""
        return {rule.id: rule for rule in self.policy.rules}

    def place(self, *location: str | int) -> str:
        """Where a part of the policy stands."""
        return str(place_of(self.policy, location))

    def deciding(self, event: TestEvent) -> str | None:
        """The rule or default that decides an event."""
        return self.decider.decide(facts_of(event, self.decider, self.context)).rule

    def speaks(self, rule: CompiledRule, event: TestEvent) -> bool:
        """Whether a rule speaks of an event."""
        return self.decider.matches(rule, facts_of(event, self.decider, self.context))


def found(rule: CompiledRule, kind: str, severity: str, text: str, other: str | None = None) -> Finding:
    """A finding about one rule."""
    return Finding(rule.id, rule.place, kind, severity, text, other)


def by_weight(findings: list[Finding]) -> list[Finding]:
    """The gravest first, then by kind and place."""

    def key(finding: Finding) -> tuple[int, int, str, int]:
        file, line, _ = finding.place.rsplit(":", 2)
        return -schema.SEVERITIES.index(finding.severity), KINDS.index(finding.kind), file, int(line)

    return sorted(findings, key=key)


def shown(event: TestEvent) -> str:
    """What an event is about, in a few words."""
    here = event.dst_ip or event.src_ip
    port = event.dst_port if event.dst_ip else event.src_port
    if here is not None:
        return f"{event.on} {event.domain or here}" + ("" if port is None else f" port {port}")
    return " ".join(part for part in (event.on, event.path or event.exe, event.argv and f"'{event.argv}'") if part)


__all__ = ["KINDS", "Finding", "Subject", "by_weight", "found", "shown"]
