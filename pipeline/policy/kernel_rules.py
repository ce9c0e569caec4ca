"""One rule as the kernel can have it: names instead of patterns, networks, ports and programs.

The kernel looks names up; it cannot run a pattern. What of a rule can be said so is a
``KernelRule``; for the rest there is a reason in words for the person who wrote it. The plan
of a whole program is made of these in ``kernel.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from pipeline.policy.compile import UNSTOPPABLE, CompiledMatch, CompiledRule
from pipeline.policy.fields import parse_network
from pipeline.policy.matchers import net_networks

if TYPE_CHECKING:
    import ipaddress
    from collections.abc import Iterable

    from pipeline.policy.globs import Glob

FILE_SELECTORS = ("file.read", "file.write", "exec")
NET_SELECTORS = ("net.connect", "net.send")
SELECTORS = FILE_SELECTORS + NET_SELECTORS
"""What the kernel decides; other operations are judged in user space."""


TOLD_APART = ("tcp", "udp")
"""Protocols that the sensor knows by name."""


@dataclass(frozen=True)
class PathTarget:
    """``kind`` is exact, subtree (with its top), name (the last component) or name_subtree (any component)."""

    kind: str
    path: str


@dataclass(frozen=True)
class KernelRule:
    """A rule as the kernel has it; an empty tuple stands for *any*."""

    bit: int
    id: str
    policy: str
    action: str
    operations: frozenset[str]
    paths: tuple[PathTarget, ...]
    exes: tuple[str, ...]
    not_exes: tuple[str, ...]
    networks: tuple[str, ...]
    ports: tuple[tuple[int, int], ...]
    protocols: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """What of a rule the kernel can say, and why not the rest.

    ``exact`` holds the selectors that lose nothing; a reason names the operations that it is about.
    """

    rule: KernelRule | None
    exact: frozenset[str]
    reasons: tuple[tuple[tuple[str, ...], str], ...]


def kernel_selectors(on: Iterable[str]) -> frozenset[str]:
    """Selectors of the kernel that a rule's ``on`` reaches; ``network`` is both of its own."""
    return _reached(frozenset(on))


@cache
def _reached(on: frozenset[str]) -> frozenset[str]:
    return frozenset(s for o in on for s in (NET_SELECTORS if o == "network" else (o,)) if s in SELECTORS)


def part_of(rule: CompiledRule) -> Part:
    """What of one rule the kernel can say; its bit is not given out yet."""
    reach = kernel_selectors(rule.on)
    outside = tuple(sorted(s for s in rule.on if not kernel_selectors([s]) and s not in UNSTOPPABLE))
    reasons = [(outside, f"{', '.join(outside)}: decided in user space")] if outside else []
    sockets = tuple(sorted(reach & set(NET_SELECTORS)))
    if rule.names_sockets and sockets:
        reasons.append((sockets, "the kernel's network hooks do not see unix sockets"))
    seen = reach - set(sockets) if _only_unix(rule.match) else reach
    lost = (
        [
            *_lost_keys(rule.match),
            *_lost_exes(rule.match.exes),
            *_lost_unless(rule.unless),
            *_lost_paths(_paths(rule.match)),
            *_lost_protocols(rule.match),
        ]
        if seen
        else []
    )
    reasons += [(tuple(sorted(seen)), text) for text in lost]
    networks = _networks(rule.match)
    said = None if not seen or not _sayable(rule) or networks is None else _said(rule, seen, networks)
    return Part(said, reach - seen if lost else reach, tuple(reasons))


def _said(rule: CompiledRule, seen: frozenset[str], networks: tuple[str, ...]) -> KernelRule:
    return KernelRule(
        bit=-1,
        id=rule.id,
        policy=rule.policy,
        action=rule.action,
        operations=seen,
        paths=tuple(PathTarget(g.kind, g.literal) for g in _paths(rule.match) if g.kind != "pattern"),
        exes=_literals(rule.match.exes),
        not_exes=_literals(rule.unless.exes) if rule.unless else (),
        networks=networks,
        ports=rule.match.ports,
        protocols=tuple(p for p in rule.match.protocols if p in TOLD_APART),
    )


def _literals(patterns: Iterable[Glob]) -> tuple[str, ...]:
    return tuple(g.literal for g in patterns if g.kind == "exact")


def _only_unix(match: CompiledMatch) -> bool:
    """Whether a match can hold for unix sockets only, of all network events."""
    return bool(_paths(match)) or set(match.protocols) == {"unix"}


def _paths(match: CompiledMatch) -> tuple[Glob, ...]:
    """The paths of a match, or those of its labels; both together are more than the kernel can say."""
    return match.paths or match.labelled


def _lost_keys(match: CompiledMatch) -> list[str]:
    """Keys that the sensor has no table for."""
    keys = [key for key, _ in match.texts] + (["size"] if match.size else [])
    lost = [f"'{key}' is looked at in user space" for key in keys]
    if match.paths and match.labelled:
        lost.append("'path' and 'label' together are looked at in user space")
    if "unresolved" in match.nets:
        lost.append("whether a name is known for an address is found out in user space")
    return lost


def _sayable(rule: CompiledRule) -> bool:
    """Whether anything is left of a rule once its patterns are taken out; an exception must be said whole."""
    paths = _paths(rule.match)
    some_path = not paths or any(g.kind != "pattern" for g in paths)
    some_exe = not rule.match.exes or bool(_literals(rule.match.exes))
    some_protocol = not rule.match.protocols or any(p in TOLD_APART for p in rule.match.protocols)
    whole = not _lost_keys(rule.match) and not list(_lost_unless(rule.unless))
    return some_path and some_exe and some_protocol and whole


def _lost_exes(exes: Iterable[Glob]) -> Iterable[str]:
    return [f"exe '{g.text}' is a pattern; the kernel compares whole paths" for g in exes if g.kind != "exact"]


def _lost_paths(paths: Iterable[Glob]) -> Iterable[str]:
    return [f"path '{g.text}' is a pattern; the kernel looks up whole names" for g in paths if g.kind == "pattern"]


def _lost_protocols(match: CompiledMatch) -> Iterable[str]:
    others = [p for p in match.protocols if p not in (*TOLD_APART, "unix")]
    return [f"protocol {p}: the kernel's network hooks tell {' and '.join(TOLD_APART)} apart only" for p in others]


def _lost_unless(unless: CompiledMatch | None) -> Iterable[str]:
    if unless is None:
        return []
    if replace(unless, exes=()) != CompiledMatch():
        return ["'unless' looks at more than exe, and the kernel knows no other exception"]
    return [f"in 'unless', {reason}" for reason in _lost_exes(unless.exes)]


def _networks(match: CompiledMatch) -> tuple[str, ...] | None:
    """Networks that ``ip`` and ``net`` leave together, empty for any; ``None`` where they have nothing in common."""
    words = [*match.nets, *(["unspecified"] if "loopback" in match.nets else [])]
    by_word = tuple(n for w in words for n in net_networks(w))
    if not (match.networks and by_word):
        return match.networks or by_word
    common = {c for a in match.networks for b in by_word if (c := _common(parse_network(a), parse_network(b)))}
    return tuple(sorted(common)) or None


def _common(
    a: ipaddress.IPv4Network | ipaddress.IPv6Network, b: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> str | None:
    """The smaller of two networks where one holds the other."""
    if a.version != b.version or not a.overlaps(b):
        return None
    return str(a if a.prefixlen >= b.prefixlen else b)
