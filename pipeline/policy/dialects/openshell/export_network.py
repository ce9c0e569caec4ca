"""The network part of an export: a rule that allows connections becomes a network policy of one or more endpoints.

OpenShell lets a program connect whose binary is listed, and whatever that program starts. A rule limited by ``exe``
would thus allow more, and is written only once accepted.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, fields
from typing import Any

from pipeline.policy.dialects.openshell.addresses import BLOCKED, CONTROL_PORTS, INTERNAL, is_blocked, network
from pipeline.policy.dialects.openshell.programs import EVERY, program
from pipeline.policy.model import Match, Rule

MOST_PORTS = 256
"""Ports of one rule; OpenShell has no ranges."""

_KNOWN = {"domain", "ip", "port", "protocol", "exe"}


@dataclass
class Drawn:
    """Endpoints of a rule: what they are, why there are none, why they are more or less than the rule."""

    endpoints: list[dict[str, Any]] = field(default_factory=list)
    binaries: list[str] = field(default_factory=lambda: [EVERY])
    nothing: str = ""
    more: list[str] = field(default_factory=list)
    less: list[str] = field(default_factory=list)


def draw(rule: Rule) -> Drawn:
    """The endpoints of a rule that allows ``net.connect`` or ``network``."""
    drawn = Drawn()
    drawn.nothing = _refusal(rule)
    if drawn.nothing:
        return drawn
    ports = [p for low, high in rule.match.port for p in range(low, high + 1)]
    kept = [p for p in ports if p not in (0, *CONTROL_PORTS)]
    if kept != ports:
        drawn.less.append("OpenShell refuses port 0 and the ports of cluster control planes")
    if set(rule.on or ()) - {"net.connect"} or rule.match.protocol != ("tcp",):
        drawn.less.append("OpenShell lets TCP connections through, nothing else")
    if rule.expires:
        drawn.more.append("OpenShell knows no day on which a policy ends")
    _hosts(rule.match, rule.unless, kept, drawn)
    _binaries(rule.match, drawn)
    if not kept or not drawn.endpoints:
        drawn.nothing = drawn.nothing or "OpenShell refuses all that the rule allows"
    return drawn


def _refusal(rule: Rule) -> str:
    match = rule.match
    keys = {f.name for f in fields(match) if getattr(match, f.name)}
    if keys - _KNOWN:
        return f"OpenShell has nothing for {', '.join(sorted(keys - _KNOWN))}"
    if match.protocol and "tcp" not in match.protocol:
        return "OpenShell lets TCP connections through only"
    if not match.port or sum(high - low + 1 for low, high in match.port) > MOST_PORTS:
        return f"OpenShell wants ports one by one, and at most {MOST_PORTS} are written"
    if not match.domain and not match.ip:
        return "OpenShell wants a host or addresses"
    if rule.unless is not None and not _implied(rule.unless, match):
        return "OpenShell has no exceptions"
    return ""


def _implied(unless: Match, match: Match) -> bool:
    """Whether an exception is one that OpenShell makes anyway."""
    if not unless.ip or unless != Match(ip=unless.ip) or not match.domain or match.ip:
        return False
    wild = all(name.startswith("*.") for name in match.domain)
    return set(unless.ip) <= set(INTERNAL if wild else BLOCKED)


def _hosts(match: Match, unless: Match | None, ports: list[int], drawn: Drawn) -> None:
    where: dict[str, Any] = {"port": ports[0]} if len(ports) == 1 else {"ports": ports}
    if match.domain:
        nets = _networks(match, drawn)
        for name in match.domain:
            if name.startswith("*.") and name.count(".") < 2:
                drawn.less.append(f"OpenShell refuses '{name}', a whole top-level domain")
                continue
            host = "**" + name[1:] if name.startswith("*.") else name
            drawn.endpoints.append({"host": host, **where, **({"allowed_ips": nets} if nets else {})})
            refused = INTERNAL if name.startswith("*.") else BLOCKED
            if not match.ip and set(unless.ip if unless else ()) != set(refused):
                drawn.less.append(f"OpenShell does not connect to {host} where the name leads to an address inside")
        if match.ip and not nets:
            drawn.endpoints.clear()
        return
    nets = _networks(match, drawn)
    single = [n for n in nets if ipaddress.ip_network(n).num_addresses == 1]
    drawn.endpoints += [{"host": n.split("/")[0], **where} for n in single]
    many = [n for n in nets if n not in single]
    if many:
        drawn.endpoints.append({**where, "allowed_ips": many})


def _networks(match: Match, drawn: Drawn) -> list[str]:
    found = [n for n in match.ip if (net := network(n)) is not None and not is_blocked(net)]
    if len(found) < len(match.ip):
        drawn.less.append("OpenShell refuses loopback, link-local and unspecified addresses")
    return found


def _binaries(match: Match, drawn: Drawn) -> None:
    if not match.exe:
        return
    drawn.binaries = [path for path in (_binary(pattern) for pattern in match.exe) if path is not None]
    if drawn.binaries != [EVERY]:
        drawn.more.append("OpenShell also lets through whatever the listed program starts")
    if len(drawn.binaries) < len(match.exe):
        drawn.less.append("some patterns of exe cannot be written as binaries")
    if not drawn.binaries:
        drawn.nothing = "no pattern of exe can be written as a binary"


def _binary(pattern: str) -> str | None:
    """A binary that is read back as the same pattern."""
    if any(c in pattern for c in "\\[]{}$~"):
        return None
    path = pattern.removesuffix("/*") if pattern.endswith("/**/*") else pattern
    return path if program(path) == pattern else None
