"""The network of a nono profile: open, filtered by its proxy, or blocked.

Whatever names hosts or credentials turns the proxy on, and then a connection must go through it to a host of the list.
Lictor has no proxy; a connection to such a host by its name is what stands for it. Requests inside a connection
(methods, paths) are not seen here, so a host that is allowed for some requests only is left out until accepted.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.nono.groups import NETWORK_PROFILES
from pipeline.policy.texts import plain_domain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.policy.dialects.interface import Rules
    from pipeline.policy.dialects.nono.parts import Part

CLOSED = {"network": "deny", "net.bind": "deny", "net.listen": "deny"}
LINK_LOCAL = ["169.254.0.0/16", "fe80::/10"]
"""Networks that nono's proxy never connects to."""

PROXY = ("allow_domain", "credentials", "upstream_proxy", "network_profile")
"""Keys that turn the proxy on."""


@dataclass(frozen=True)
class Network:
    """What a profile's network amounts to; ``listed`` tells whether the proxy has a list of hosts at all."""

    blocked: bool
    proxied: bool
    listed: bool
    ports: tuple[int, ...] = ()

    @property
    def defaults(self) -> dict[str, str]:
        """Defaults for the selectors of the network."""
        if self.blocked or self.proxied:
            return dict(CLOSED)
        return {"net.connect": "deny", "net.send": "deny"} if self.ports else {}


def network(found: Sequence[Part]) -> Network:
    """The mode that the parts of a profile amount to."""
    here = [p for p in found if p.key[0] == "network"]
    keys = {p.key[1] for p in here}
    ports = tuple(p.value for p in here if p.key == ("network", "connect_port"))
    return Network("block" in keys, bool(keys & set(PROXY)), bool(keys & {"allow_domain", "network_profile"}), ports)


def host_rules(name: str, hosts: Iterable[str], action: str, origin: str) -> Rules:
    """Rules on hosts by name, ``*.`` for those below, an address, each with or without a port."""
    found: dict[tuple[str, int], list[str]] = {}
    for text in hosts:
        one = host(text)
        if one:
            found.setdefault((one[0], one[2]), []).append(one[1])
    rules = []
    for (key, port), values in found.items():
        match: dict[str, Any] = {key: list(dict.fromkeys(values)), **({"port": [port]} if port else {})}
        rules.append({"id": name, "on": ["network"], "match": match, "action": action, "origin": origin})
    return tuple(r if i == 0 else {**r, "id": f"{name}.{i + 1}"} for i, r in enumerate(rules))


def host(text: str) -> tuple[str, str, int] | None:
    """Key, value and port of a host; ``None`` for what no host is called."""
    plain = text.strip().lower()
    try:
        return "ip", str(ipaddress.ip_address(plain.strip("[]"))), 0
    except ValueError:
        pass
    name, colon, port = plain.partition(":")
    if colon and not re.fullmatch("[0-9]{1,5}", port):
        return None
    if plain_domain(name.removeprefix("*.")) is None or int(port or 0) > 65535:
        return None
    try:
        return "ip", str(ipaddress.ip_address(name)), int(port or 0)
    except ValueError:
        return "domain", name, int(port or 0)


def port_rules(name: str, ports: Sequence[Any], on: Sequence[str], match: dict[str, Any], origin: str) -> Rules:
    """A rule that allows ports."""
    written = [p if isinstance(p, int) else f"{p[0]}-{p[1]}" for p in ports if p != 0]
    if not written:
        return ()
    return ({"id": name, "on": list(on), "match": {**match, "port": written}, "action": "allow", "origin": origin},)


def profile_hosts(name: str) -> tuple[str, ...] | None:
    """Hosts of a network profile; ``None`` where it is not known."""
    return NETWORK_PROFILES.get(name)
