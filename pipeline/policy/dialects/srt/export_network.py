"""Matches of network rules as entries of srt's lists of hosts."""

from __future__ import annotations

import ipaddress
from itertools import product
from typing import TYPE_CHECKING

from pipeline.policy.dialects.srt.domains import allowed_domain, is_pattern
from pipeline.policy.dialects.srt.hosts import split_port

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.policy.model import Match

MOST_PORTS = 64
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")

HOST_KEYS = frozenset({"domain", "ip", "port", "net"})
"""Keys of a match that are about the peer."""


def hosts(match: Match) -> tuple[list[str], list[str], bool]:
    """Entries (host with port) of a match by domain or single address; networks; and whether that is all of it."""
    named, networks, whole = [], [], True
    for domain in match.domain:
        if is_pattern(domain):
            named.append(domain)
        else:
            whole = False
    for text in match.ip:
        found = ipaddress.ip_network(text)
        if found.num_addresses == 1:
            address = found.network_address
            named.append(f"[{address}]" if address.version == 6 else str(address))
        else:
            networks.append(text)
    ports = ports_of(match.port)
    if ports is None:
        return [], networks, False
    made = [f"{host}:{port}" for host, port in product(named, ports)] if match.port else named
    return [m for m in made if not allowed_domain(m)], networks, whole


def ports_of(spans: Iterable[tuple[int, int]]) -> list[int] | None:
    """Single ports; ``None`` where there are too many to write out, or port 0 is among them."""
    spans = tuple(spans)
    if sum(high - low + 1 for low, high in spans) > MOST_PORTS or any(low == 0 for low, _ in spans):
        return None
    return [port for low, high in spans for port in range(low, high + 1)]


def without(allowed: Iterable[str], domains: Iterable[str], networks: Iterable[str]) -> list[str]:
    """The allowed entries that lie in no denied domain or network, whatever their port."""
    return [entry for entry in allowed if not _denied(split_port(entry)[0], domains, networks)]


def _denied(host: str, domains: Iterable[str], networks: Iterable[str]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return any(_below(host.lower(), domain) for domain in domains)
    return any(address in ipaddress.ip_network(network) for network in networks)


def _below(host: str, domain: str) -> bool:
    """Whether all that an entry stands for is in a domain of the policy."""
    if domain.startswith("*."):
        return host.removeprefix("*.").endswith(domain[1:]) or host == domain
    return host == domain
