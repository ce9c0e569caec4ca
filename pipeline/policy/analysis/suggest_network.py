"""From peers that runs reached to what to allow: the very name or address, with its port.

Ports that the system hands out differ from run to run; on this machine's own addresses they are one thing.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any

from pipeline.policy.analysis.suggest_facts import Fact
from pipeline.policy.fields import network
from pipeline.policy.texts import plain_domain

EPHEMERAL = 32768
"""The first port that Linux hands out by itself."""

Key = tuple[str, str, str]
"""Kind of peer (``domain``, ``ip`` or ``net``), the peer, and its port."""


@dataclass
class Peer:
    """A peer, the runs that reached it, how often, and the event of one of them as a test writes it."""

    key: Key
    runs: set[str] = field(default_factory=set)
    events: int = 0
    example: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The peer as a person reads it."""
        _, peer, port = self.key
        return f"[{peer}]:{port}" if ":" in peer and port else f"{peer}:{port}" if port else peer

    def match(self) -> dict[str, Any]:
        """What a rule says of it."""
        kind, peer, port = self.key
        ports: dict[str, Any] = {"port": int(port) if port.isdecimal() else port} if port else {}
        return {kind: peer} | ports


def key_of(fact: Fact) -> Key | None:
    """The peer of a fact; ``None`` where it is not known."""
    port = "" if fact.port is None else str(fact.port)
    domain = plain_domain(fact.domain) if fact.domain else None
    if domain is not None:
        return "domain", domain, port
    try:
        address = ipaddress.ip_address((fact.ip or "").partition("%")[0])
    except ValueError:
        return None
    if address.is_loopback and fact.port is not None and fact.port >= EPHEMERAL:
        return "net", "loopback", f"{EPHEMERAL}-65535"
    return "ip", str(network(str(address)).removesuffix("/32").removesuffix("/128")), port


def example_of(fact: Fact) -> dict[str, Any]:
    """The event as a policy's test writes it."""
    names = {"dst_ip": fact.ip, "dst_port": fact.port, "domain": plain_domain(fact.domain) if fact.domain else None}
    return {"on": fact.operation} | {k: v for k, v in names.items() if v is not None}
