"""Network and unix-socket rules of agentsh as rules on ``network`` and on sockets.

A rule matches when its ports, its domains and its networks all do. ``*`` in a domain is one label there, while
Lictor's ``*.example.com`` is any name below; so such an allow is written only once accepted, and ``*`` alone
(any name without a dot, though authors mean any host) likewise.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.agentsh.files import covers, patterns
from pipeline.policy.dialects.agentsh.globs import domain_patterns
from pipeline.policy.dialects.agentsh.order import ACTIONS, LIFTING, RANK, Entry, Match, Program, Written, program
from pipeline.policy.texts import plain_domain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOCKETS = {"connect": "net.connect", "bind": "net.bind", "listen": "net.listen", "sendto": "net.send"}
"""Operations on unix sockets, and the selectors that stand for them."""


@dataclass(frozen=True)
class Domains:
    """Names and addresses that a list of domain patterns covers, from below and from above; ``any_host`` is every one."""

    lower: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()
    any_host: bool = False
    any_above: bool = False


def domains(rule: dict[str, Any]) -> Domains:
    """The domain patterns of a rule; variables in them are not filled in, so that they cover nothing from below."""
    lower: list[str] = []
    upper: list[str] = []
    for text in rule.get("domains") or ():
        if "${" in (text or ""):
            upper.append("*")
            continue
        found = domain_patterns((text or "").strip())
        lower += found.lower
        upper += found.upper
    names = tuple(dict.fromkeys(n for n in lower if n != "*" and _known(n)))
    above = tuple(dict.fromkeys(n for n in upper if n != "*" and _known(n)))
    return Domains(names, above, "*" in lower, "*" in upper)


def _known(name: str) -> bool:
    return plain_domain(name.removeprefix("*.")) is not None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _networks(rule: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(str(ipaddress.ip_network(c, strict=False)) for c in rule.get("cidrs") or ()))


def _ports(rule: dict[str, Any]) -> list[int]:
    return [p for p in dict.fromkeys(rule.get("ports") or ()) if p is not None and 0 <= p <= 65535]


def entry(index: int, rule: dict[str, Any]) -> Entry:
    """One network rule."""
    found = domains(rule)
    base: Match = {}
    if rule.get("ports"):
        base["port"] = _ports(rule)
    if rule.get("cidrs"):
        base["ip"] = _networks(rule)
    impossible = "port" in base and not base["port"]
    lower = [] if impossible else list(_matches(base, found.lower, every=found.any_host or not rule.get("domains")))
    upper = [] if impossible else list(_matches(base, found.upper, every=found.any_above or not rule.get("domains")))
    action = ACTIONS.get(str(rule.get("decision") or "").lower(), "deny")
    final = action == "deny" and {} in upper
    return Entry(index, action, tuple(lower), tuple(upper), {} in lower or final, lower == upper)


def _matches(base: Match, names: Sequence[str], *, every: bool) -> Iterator[Match]:
    if every:
        yield dict(base)
        return
    plain = [n for n in names if not _is_address(n)]
    addresses = [n for n in names if _is_address(n)]
    if plain:
        yield {"domain": plain, **base}
    if "ip" in base:
        networks = [ipaddress.ip_network(n) for n in base["ip"]]
        addresses = [a for a in addresses if any(ipaddress.ip_address(a) in n for n in networks)]
    if addresses:
        yield {**base, "ip": addresses}


def accepted(index: int, rule: dict[str, Any]) -> list[Written]:
    """What an allow would be with ``*`` at any depth; empty where that is no more than is written anyway."""
    found = entry(index, rule)
    if found.action not in LIFTING or found.exact:
        return []
    return [Written(index, found.action, m) for m in found.upper]


def translate(rules: Sequence[dict[str, Any]]) -> Program:
    """All network rules, in order; what none of them matches is denied."""
    return program([entry(i, rule) for i, rule in enumerate(rules)], "deny")


@dataclass
class Sockets:
    """Rules on unix sockets, with their selectors."""

    rules: list[tuple[Written, tuple[str, ...]]] = field(default_factory=list)


def translate_sockets(rules: Sequence[dict[str, Any]]) -> Sockets:
    """Rules on unix sockets; no default speaks of them, so what no rule allows is denied by a rule of its own."""
    lines: dict[tuple[Any, ...], tuple[Written, list[str]]] = {}
    for operation, selector in SOCKETS.items():
        found = program(list(_socket_entries(rules, operation)), "deny")
        for written in (*found.written, *_rest(found)):
            key = (written.index, written.action, repr(written.match), repr(written.unless))
            lines.setdefault(key, (written, []))[1].append(selector)
    return Sockets([(w, tuple(s)) for w, s in lines.values()])


def _socket_entries(rules: Sequence[dict[str, Any]], operation: str) -> Iterator[Entry]:
    for i, rule in enumerate(rules):
        if not covers(rule, operation):
            continue
        found = patterns(rule)
        action = ACTIONS.get(str(rule.get("decision") or "").lower(), "deny")
        yield Entry(
            i,
            action,
            ({"path": list(found.lower)},) if found.lower else (),
            ({"path": list(found.upper)},) if found.upper else (),
            "**" in found.lower,
            found.exact,
        )


def _rest(found: Program) -> Iterator[Written]:
    """The default as a rule on every unix socket but those that an entry lets through."""
    if RANK[found.default] <= RANK["audit"]:
        return
    paths = [p for match in found.lifted for p in match["path"]]
    unless = {"path": list(dict.fromkeys(paths))} if paths else None
    yield Written(-1 if found.owner is None else found.owner, found.default, {"protocol": ["unix"]}, unless)
