"""Addresses in OpenShell policies: ``allowed_ips``, hosts that are addresses, and what is refused whatever a policy says.

Loopback, link-local and unspecified addresses are never reached. A host with wildcards reaches no internal
address either, unless ``allowed_ips`` names it. What is written as address or CIDR is read as Rust does.
"""

from __future__ import annotations

import ipaddress
import re

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

BLOCKED = ("127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/32", "::1/128", "fe80::/10", "::/128")
"""Never reached."""

INTERNAL = (
    *BLOCKED,
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "255.255.255.255/32",
    "fc00::/7",
)
"""Not reached through a host with wildcards."""

CONTROL_PORTS = (2379, 2380, 6443, 10250, 10255)
"""Ports of cluster control planes: refused to named hosts and to ``allowed_ips``."""

_CIDR = re.compile(r"([0-9a-fA-F.:]+)(?:/([0-9]{1,3}))?")


def network(text: str) -> Network | None:
    """The network of an address or CIDR, without the bits behind its prefix; ``None`` for what is none."""
    found = _CIDR.fullmatch(text)
    if not found:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def address(host: str) -> str | None:
    """The address that a host is, also in brackets; ``None`` for a name."""
    text = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    return text if "/" not in text and network(text) is not None else None


def as_written(found: Network) -> str:
    """The network as Lictor writes it: IPv4 inside IPv6 is IPv4."""
    mapped = found.network_address.ipv4_mapped if isinstance(found, ipaddress.IPv6Network) else None
    if mapped is not None and found.prefixlen >= 96:
        return str(ipaddress.IPv4Network((mapped, found.prefixlen - 96)))
    return str(found)


def is_blocked(found: Network) -> bool:
    """Whether a network holds an address that is never reached; OpenShell then refuses the whole list."""
    if isinstance(found, ipaddress.IPv6Network):
        mapped = [ipaddress.IPv6Network(f"::ffff:{n.split('/')[0]}/{96 + int(n.split('/')[1])}") for n in BLOCKED[:3]]
        return any(found.overlaps(ipaddress.IPv6Network(n)) for n in BLOCKED[3:]) or any(
            found.overlaps(n) for n in mapped
        )
    return any(found.overlaps(ipaddress.IPv4Network(n)) for n in BLOCKED[:3])
