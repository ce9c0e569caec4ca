"""Where an endpoint leads: its host and ``allowed_ips`` as the ``match`` of a rule.

OpenShell compares the name that the program asks its proxy for, looks it up itself, and then refuses addresses: loopback
and link-local always, every internal one to a host with wildcards, and all but ``allowed_ips`` where there are
some. Those exceptions go into the rule, so that a name which leads to a private address opens nothing more here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.policy.dialects.openshell.addresses import (
    BLOCKED,
    CONTROL_PORTS,
    INTERNAL,
    Network,
    address,
    as_written,
    is_blocked,
    network,
)
from pipeline.policy.dialects.openshell.overlaps import Endpoint
from pipeline.policy.texts import plain_domain


@dataclass(frozen=True)
class Target:
    """A match of addresses, names and ports, with what it must not be.

    ``nothing`` says why OpenShell itself lets nothing through, ``unsaid`` why no rule can say it, ``wide`` why the
    match holds for more hosts than the endpoint.
    """

    match: dict[str, Any] = field(default_factory=dict)
    unless: dict[str, Any] = field(default_factory=dict)
    nothing: str = ""
    unsaid: str = ""
    wide: str = ""


def target(endpoint: Endpoint) -> Target:
    """The target of an endpoint."""
    host, listed = endpoint.text("host"), endpoint.data.get("allowed_ips") or []
    nets = [network(text) for text in listed]
    if any(n is None or is_blocked(n) for n in nets):
        return Target(nothing="allowed_ips holds an entry that makes OpenShell refuse every connection.")
    wild = "*" in host
    guarded = bool(listed) or not wild
    ports = [p for p in dict.fromkeys(endpoint.ports) if not (guarded and p in CONTROL_PORTS)]
    if not ports:
        return Target(nothing="OpenShell refuses every connection to this port.")
    known = [n for n in nets if n is not None]
    if not host:
        return Target({**_ip(known), "port": ports}) if known else Target(nothing="It names neither host nor address.")
    literal = address(host)
    if literal is not None:
        return _address(literal, known, ports)
    if wild:
        return _wild(host, known, ports)
    return _name(host, known, ports)


def _ip(nets: list[Network]) -> dict[str, Any]:
    return {"ip": list(dict.fromkeys(as_written(n) for n in nets))} if nets else {}


def _address(literal: str, nets: list[Network], ports: list[int]) -> Target:
    own = network(literal)
    if own is None or is_blocked(own):
        return Target(nothing="OpenShell never connects to this address.")
    if nets and not any(own.version == n.version and own.subnet_of(n) for n in nets):  # type: ignore[arg-type]  # same version
        return Target(nothing="allowed_ips does not hold the address, so OpenShell refuses every connection.")
    return Target({**_ip([own]), "port": ports})


def _exceptions(nets: list[Network], refused: tuple[str, ...]) -> dict[str, Any]:
    return {} if nets else {"ip": list(refused)}


def _name(host: str, nets: list[Network], ports: list[int]) -> Target:
    plain = plain_domain(host)
    if plain is None:
        return Target(unsaid=f"'{host}' is no host name that a rule could hold.")
    wide = "" if plain == host.lower() else f"OpenShell compares '{host}' as written; the rule holds for '{plain}'."
    return Target({"domain": [plain], **_ip(nets), "port": ports}, _exceptions(nets, BLOCKED), wide=wide)


def _wild(host: str, nets: list[Network], ports: list[int]) -> Target:
    """Only ``**.`` and a name is what ``*.`` and a name is in Lictor: any depth, at least one label."""
    labels = host.lower().split(".")
    fixed = labels[max(i for i, label in enumerate(labels) if "*" in label) + 1 :]
    suffix = plain_domain(".".join(fixed)) if fixed else None
    if suffix is None or suffix != ".".join(fixed) or len(fixed) < 2:
        return Target(unsaid=f"'{host}' cannot be said: a rule takes a name, or all names below one.")
    domain = f"*.{suffix}"
    wide = "" if labels == ["**", *fixed] else f"'{host}' can only be said as '{domain}', which is every name below."
    return Target({"domain": [domain], **_ip(nets), "port": ports}, _exceptions(nets, INTERNAL), wide=wide)
