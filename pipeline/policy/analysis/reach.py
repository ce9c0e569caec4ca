"""Which events a rule's ``on`` speaks of, and which of two rules that match the same event is heard.

An event is looked at under each group of selectors (``decide.groups``); a rule reaches a group where it names one of its
selectors. That ``file.write`` reaches a rename, and that an open for writing may be under two groups, follows from the schema.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

from pipeline import schema
from pipeline.policy.combine import STOPPING
from pipeline.policy.decide import LOCAL, OPENS, groups

if TYPE_CHECKING:
    from pipeline.policy.compile import CompiledRule

Group = tuple[str, tuple[str, ...]]
"""An operation and the selectors under which it is looked at."""

RANK = {action: i for i, action in enumerate(schema.VERDICTS)}


@lru_cache(maxsize=1)
def _groups() -> tuple[Group, ...]:
    intents = [frozenset(c) for n in range(len(schema.INTENTS) + 1) for c in combinations(schema.INTENTS, n)]
    found = {
        (o.name, group)
        for o in schema.OPERATIONS
        for asked in (intents if o.name in OPENS else intents[:1])
        for group in groups(o.name, asked)
    }
    return tuple(sorted(found))


@lru_cache(maxsize=1000)
def reach(on: frozenset[str]) -> frozenset[Group]:
    """Every group of every operation in which a rule with this ``on`` is looked at."""
    return frozenset(group for group in _groups() if not on.isdisjoint(group[1]))


@lru_cache(maxsize=1000)
def operations(on: frozenset[str]) -> tuple[str, ...]:
    """Operations that some selectors reach by their own names, plainest first."""
    found = [o.name for o in schema.OPERATIONS if not on.isdisjoint(o.selectors)]
    return tuple(sorted(found, key=lambda name: name not in on))


def local(on: frozenset[str]) -> frozenset[bool]:
    """Whether the address that is compared is that of this end, for the operations that are reached."""
    return frozenset(name in LOCAL for name, _ in reach(on))


def names_sockets(rule: CompiledRule) -> bool:
    """Whether a rule speaks of unix sockets: it is about the network and names a path or the protocol."""
    return rule.names_sockets and any(name.startswith("net.") for name, _ in reach(rule.on))


def stops(rule: CompiledRule) -> bool:
    """Whether a rule stops anything: one that only records does not."""
    return rule.enforce and rule.action in STOPPING


def hides(rule: CompiledRule, other: CompiledRule, *, earlier: bool) -> bool:
    """Whether a rule is heard in place of another one of its policy wherever both match.

    ``earlier`` says that it stands before the other. As ``Decider`` has it: the strongest first, and a rule
    that only records counts where none stops; but an ``allow`` behind such a one still lifts the default.
    """
    if rule.enforce != other.enforce:
        return rule.enforce and (stops(rule) or RANK[rule.action] >= RANK[other.action])
    return RANK[rule.action] > RANK[other.action] or (rule.action == other.action and earlier)
