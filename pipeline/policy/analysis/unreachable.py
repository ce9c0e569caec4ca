"""Rules that no event can ever match: they have expired, or their keys leave nothing over.

A key that an operation never has is refused when a file is read; it is looked for here too, since policies are also
made by programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.analysis.findings import Finding, Subject, found
from pipeline.policy.analysis.keys import addresses, contains, disjoint
from pipeline.policy.analysis.reach import local
from pipeline.policy.checks import applies
from pipeline.policy.compile import CompiledMatch
from pipeline.policy.quantities import moment_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.compile import CompiledRule, CompiledSequence
    from pipeline.policy.model import Match

_PORTLESS = {"icmp", "icmpv6", "unix"}
_NAMES = ("agents", "users", "hosts")

_HAVE = {"path": ("file.", "exec", "net."), "dst_ip": ("net.",)}
"""Operations of which an event can have the column that a sequence goes by."""


def check(subject: Subject) -> Iterator[Finding]:
    """Findings about rules that can never match, and about a scope that can never hold."""
    yield from _expired(subject)
    yield from _scope(subject)
    for rule in subject.rules:
        why = impossible(rule) or _never_has(subject.written[rule.id].match, rule.on)
        if why:
            yield found(rule, "unreachable", "medium", f"it can never match: {why}")
    for sequence in subject.sequences:
        why = _incomplete(sequence)
        if why:
            yield found(sequence.rule, "unreachable", "medium", f"it can never be completed: {why}")


def impossible(rule: CompiledRule) -> str | None:
    """Why no event at all can match a rule, or ``None``."""
    if rule.unless is not None and contains(rule.unless, rule.match, rule.on):
        return "its 'unless' holds for everything that it matches"
    return _paths_apart(rule) or (_network(rule.match, rule.on) if _all_network(rule.on) else None)


def _paths_apart(rule: CompiledRule) -> str | None:
    match = rule.match
    if not (match.paths and match.labelled):
        return None
    apart = disjoint(CompiledMatch(paths=match.paths), CompiledMatch(paths=match.labelled), rule.on)
    return "'path' and 'label' have no file in common" if apart else None


def _all_network(on: frozenset[str]) -> bool:
    return all(selector == "network" or selector.startswith("net.") for selector in on)


def _network(match: CompiledMatch, on: frozenset[str]) -> str | None:
    keys = dict(match.texts)
    at_address = [k for k, given in (("ip", match.networks), ("net", match.nets), ("port", match.ports)) if given]
    at_address += ["domain"] if "domain" in keys else []
    if match.protocols and set(match.protocols) <= _PORTLESS and match.ports:
        return f"{' and '.join(match.protocols)} has no ports"
    if at_address and (match.paths or match.labelled or set(match.protocols) == {"unix"}):
        return f"a unix socket has a path, and no '{at_address[0]}'"
    if match.paths and match.protocols and "unix" not in match.protocols:
        return f"only unix sockets have a path, not {' or '.join(match.protocols)}"
    if match.nets == ("unresolved",) and "domain" in keys:
        return "an address is not 'unresolved' when its name is known"
    if match.networks and match.nets and not any(addresses(match, here=here) for here in local(on)):
        return "'ip' and 'net' have no address in common"
    return None


def _never_has(match: Match, on: frozenset[str]) -> str | None:
    keys = [name for name in match.__dataclass_fields__ if getattr(match, name) not in ((), None)]
    lost = next((key for key in keys if not any(applies(key, selector) for selector in on)), None)
    return f"{', '.join(sorted(on))} never has '{lost}'" if lost else None


def _incomplete(sequence: CompiledSequence) -> str | None:
    steps = [step.rule for step in sequence.steps if not step.negated]
    for number, rule in enumerate(steps, 1):
        why = impossible(rule)
        if why:
            return f"step {number}: {why}"
        kinds = _HAVE.get(sequence.by)
        if kinds and not any(s.startswith(kinds) or (s == "network" and "net." in kinds) for s in rule.on):
            return (
                f"step {number}: {', '.join(sorted(rule.on))} has no '{sequence.by}', by which events belong together"
            )
    if sequence.by == "process" and any(rule.on == {"exit"} for rule in steps[:-1]):
        return "a process does nothing after its exit"
    if sequence.by == "path" and any(disjoint(a.match, b.match, a.on | b.on) for a in steps for b in steps):
        return "no file is one of all steps, and it goes by path"
    return None


def _expired(subject: Subject) -> Iterator[Finding]:
    for i, rule in enumerate(subject.policy.rules):
        if rule.expires and moment_ns(rule.expires) <= subject.context.now_ns:
            place = subject.place("rules", i, "expires")
            yield Finding(rule.id, place, "unreachable", "low", f"it has expired ({rule.expires}): take it out")


def _scope(subject: Subject) -> Iterator[Finding]:
    """Names of agents, users and hosts hold no slash; a repository is a whole path or the name of its folder."""
    scope = subject.policy.scope
    for key in (*_NAMES, "repos"):
        patterns = getattr(scope, key)
        if all(_cannot_hold(key, pattern) for pattern in patterns):
            text = f"the scope's '{key}' ({', '.join(patterns)}) can never hold, so the policy is never in force"
            yield Finding(None, subject.place("scope", key), "unreachable", "high", text)


def _cannot_hold(key: str, pattern: str) -> bool:
    if key in _NAMES:
        return "/" in pattern and "[" not in pattern
    return "/" in pattern and pattern[0] not in "/*?["
