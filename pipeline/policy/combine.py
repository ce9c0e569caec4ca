"""What policies must keep to so that they can be in force together, and on any machine at all.

Each refusal points at the line that would have to change.
"""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipeline import schema
from pipeline.policy.model import Place
from pipeline.policy.source import Location, PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipeline.policy.model import Match, Policy, Rule

STOPPING = schema.VERDICTS[schema.VERDICTS.index("ask") :]
"""Actions that stop something; the others only say what they think of it."""

ASKING = ("ask", "freeze")
"""Actions that wait for a person."""

UNSTOPPABLE = ("exit",)
"""Operations that have nothing left to stop."""

NOTHING: Mapping[str, str] = MappingProxyType({})


def common_mode(policies: Sequence[Policy]) -> str:
    """The mode of all policies; raises where they differ (``enforce`` without any)."""
    for policy in policies[1:]:
        if policy.mode != policies[0].mode:
            text = f"mode '{policy.mode}' cannot be combined with '{policies[0].mode}' of {policies[0].source_path}: give both the same mode"
            raise PolicyError(policy.source_path, [problem_at(policy, ("mode",), text)])
    return policies[0].mode if policies else "enforce"


def refuse_twins(policies: Sequence[Policy]) -> None:
    """Raise where two policies have one name."""
    seen: dict[str, str] = {}
    for policy in policies:
        if policy.name in seen:
            text = (
                f"policy '{policy.name}' is already loaded from {seen[policy.name]}: rows could not tell the two apart"
            )
            raise PolicyError(policy.source_path, [problem_at(policy, ("name",), text)])
        seen[policy.name] = policy.source_path


def refuse_excuses(policies: Sequence[Policy], excused: Iterable[str]) -> None:
    """A person may excuse a rule or default that asks, and none that denies; raises ``PolicyError``."""
    for policy in policies:
        actions = _actions(policy)
        for name in excused:
            if actions.get(name, "ask") not in ASKING:
                text = f"'{name}' says {actions[name]}: only what asks or freezes can be excused"
                raise PolicyError(policy.source_path, [problem_at(policy, _location(policy, name), text)])


def excusable(policies: Sequence[Policy], excused: Mapping[str, int]) -> dict[str, int]:
    """The excuses that some policies still admit: what has come to deny meanwhile takes its excuse away."""
    actions = [_actions(policy) for policy in policies]
    return {name: until for name, until in excused.items() if all(a.get(name, "ask") in ASKING for a in actions)}


def _actions(policy: Policy) -> dict[str, str]:
    """What each rule does, and each default under its name."""
    defaults = {f"default:{selector}": action for selector, action in policy.defaults.items()}
    return defaults | {rule.id: rule.action for rule in policy.rules}


def _location(policy: Policy, name: str) -> Location:
    """Where a rule or default stands, by its name."""
    found = next((i for i, rule in enumerate(policy.rules) if rule.id == name), None)
    return ("rules", found, "action") if found is not None else ("defaults", name.removeprefix("default:"))


def refuse_unstoppable(policy: Policy, unknown: Mapping[str, str] = NOTHING) -> None:
    """A deny that nothing can carry out is no deny; ``unknown`` are keys that nothing here can tell, and why."""
    problems = []
    for i, rule in enumerate(policy.rules):
        lost = [s for s in last_operations(rule) if s in UNSTOPPABLE]
        if rule.action in STOPPING and lost and not rule.best_effort and rule.mode != "audit":
            text = f"rule '{rule.id}': nothing can {rule.action} {', '.join(lost)}; use 'audit', or say 'best_effort: true'"
            problems.append(problem_at(policy, ("rules", i, "on"), text))
        if rule.action in STOPPING and not rule.best_effort and rule.mode != "audit":
            problems += [
                problem_at(
                    policy,
                    ("rules", i, *where),
                    f"rule '{rule.id}' could never match: {unknown[key]}; say 'best_effort: true' to keep it",
                )
                for where, key in _keys(rule)
                if key in unknown
            ]
    for selector, action in policy.defaults.items():
        if action in STOPPING and selector in UNSTOPPABLE:
            problems.append(problem_at(policy, ("defaults", selector), f"nothing can {action} {selector}; use 'audit'"))
    if problems:
        raise PolicyError(policy.source_path, problems)


def _keys(rule: Rule) -> Iterator[tuple[Location, str]]:
    """Keys that must match for a rule to hold, and where they stand."""
    matches: list[tuple[Location, Match]] = [(("match",), rule.match)]
    matches += [(("sequence", i, "match"), s.match) for i, s in enumerate(rule.sequence or ()) if not s.not_]
    for where, match in matches:
        yield from (
            ((*where, f.name), f.name) for f in dataclasses.fields(match) if getattr(match, f.name) not in ((), None)
        )


def last_operations(rule: Rule) -> tuple[str, ...]:
    """The operations at which a rule acts: its own, or those of the last step of its sequence."""
    return rule.sequence[-1].on if rule.sequence else rule.on or ()


def place_of(policy: Policy, location: Location) -> Place:
    """Where a part of a policy stands, or the nearest part around it."""
    while location and location not in policy.places:
        location = location[:-1]
    return policy.places.get(location, Place(policy.source_path, 1, 1))


def problem_at(policy: Policy, location: Location, text: str) -> Problem:
    """A problem with its place, in whichever file that is."""
    place = place_of(policy, location)
    return Problem(place.line, place.column, text, place.file)
