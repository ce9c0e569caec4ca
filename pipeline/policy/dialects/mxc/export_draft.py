"""What an exported MXC configuration is gathered in, and the words that its writers share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline import schema
from pipeline.policy.combine import STOPPING
from pipeline.policy.dialects.mxc.export_files import READ, WRITE, Files
from pipeline.policy.dialects.mxc.export_regions import ROOT

if TYPE_CHECKING:
    from pipeline.policy.dialects.interface import Item
    from pipeline.policy.model import Match, Policy, Rule

OUT = ("net.connect", "net.send")
IN = ("net.bind", "net.listen", "net.accept")

Told = tuple[str, str]
"""Outcome and reason."""

NOTHING_FOR_IT = "MXC has nothing for it"

_WORST = ("setting", "exact", "narrower", "unsupported", "wider")


@dataclass
class Draft:
    """What is gathered on the way through the rules."""

    policy: Policy
    accepted: frozenset[str]
    files: Files = field(default_factory=Files)
    allow: list[dict[str, Any]] = field(default_factory=list)
    deny: list[dict[str, Any]] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open what no default stops; sockets are open, since no default speaks of them."""
        for op in (*READ, *WRITE):
            if op.startswith("unix") or open_by_default(self.policy, op):
                self.files.opened[op].append(ROOT)

    @property
    def network_default(self) -> str:
        """What holds for connections that no rule speaks of."""
        return "allow" if all(open_by_default(self.policy, op) for op in OUT) else "deny"


def operations(on: tuple[str, ...]) -> set[str]:
    """The operations that selectors stand for."""
    return {op.name for op in schema.OPERATIONS if not set(on).isdisjoint(op.selectors)}


def spoken(rule: Rule) -> tuple[tuple[str, ...], Match, Match | None]:
    """Operations, match and exceptions of a rule; of a sequence those of its last step."""
    if rule.sequence:
        last = rule.sequence[-1]
        return last.on, last.match or type(rule.match)(), last.unless
    return rule.on or (), rule.match, rule.unless


def open_by_default(policy: Policy, operation: str) -> bool:
    """Whether no default of the policy stops an operation."""
    said = [action for selector, action in policy.defaults.items() if operation in operations((selector,))]
    return not any(action in STOPPING for action in said)


def worst(told: list[Told]) -> Told:
    """Of several outcomes the one that a person has to know of."""
    return max(told, key=lambda pair: _WORST.index(pair[0]), default=("unsupported", NOTHING_FOR_IT))
