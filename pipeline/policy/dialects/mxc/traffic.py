"""The directional network of an MXC configuration (from 0.8 on) as rules: egress, ingress, host loopback, proxy.

A sandbox of MXC has a network of its own, whose loopback is not the machine's; Lictor's processes have the machine's.
So loopback is closed unless ``hostLoopback`` opens it, whatever the egress rules say.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.interface import Item
from pipeline.policy.dialects.mxc.url import ProxyUrl, network, plain, proxy_url
from pipeline.policy.texts import domain

if TYPE_CHECKING:
    from pipeline.policy.dialects.interface import Rules
    from pipeline.policy.dialects.json_places import Path
    from pipeline.policy.dialects.mxc.config import Config

INBOUND = ["net.bind", "net.listen", "net.accept"]
LOOPBACK = {"net": ["loopback"]}

_PROTOCOLS = {"tcp": ("tcp",), "udp": ("udp",), "icmp": ("icmp", "icmpv6"), "any": ()}


def directional(config: Config) -> tuple[dict[str, str], list[Item]]:
    """Defaults and items of ``network.egress``, ``network.ingress`` and ``runtimeConfig``."""
    egress, ingress = config.get("network", "egress") or {}, config.get("network", "ingress") or {}
    default, inbound = egress.get("default", "deny"), ingress.get("default", "deny")
    defaults = {"network": default, **dict.fromkeys(INBOUND, inbound)}
    items = [_default_item(config, ("network", "egress", "default"), f"connections go out by default: {default}")]
    for name in ("deny", "allow"):
        for i, rule in enumerate(egress.get(name) or ()):
            items.append(_rule_item(config, name, i, rule, useless=name == default == "allow"))
    items.append(_inbound_item(config, inbound))
    proxy = proxy_url(url) if (url := config.get("runtimeConfig", "networkProxy")) is not None else None
    items.append(_loopback_item(config, ingress.get("hostLoopback", "deny"), proxy))
    return defaults, items + ([proxy_item(config, ("runtimeConfig", "networkProxy"), proxy)] if proxy else [])


def endpoint(proxy: ProxyUrl) -> dict[str, Any]:
    """A match of exactly a proxy's address and port."""
    host = proxy.host.strip("[]")
    if host == "localhost":
        return {"ip": ["127.0.0.1", "::1"], "port": [proxy.port], "protocol": ["tcp"]}
    try:
        where: dict[str, Any] = {"ip": [str(ipaddress.ip_address(host))]}
    except ValueError:
        where = {"domain": [domain(host)]}
    return {**where, "port": [proxy.port], "protocol": ["tcp"]}


def proxy_item(config: Config, path: Path, proxy: ProxyUrl) -> Item:
    """The one endpoint that stays open."""
    pointer, line, text = config.pointer(path), config.place(path)[0], f"proxy {proxy.host}:{proxy.port}"
    try:
        match = endpoint(proxy)
    except ValueError:
        why = "the proxy's host is no name that a rule can hold"
        return Item("proxy", pointer, line, text, "unsupported", why=why)
    rule = {"id": "mxc-proxy", "on": ["network"], "match": match, "action": "allow", "origin": pointer}
    return Item("proxy", pointer, line, text, "exact", (rule,))


def _default_item(config: Config, path: Path, text: str) -> Item:
    pointer = config.pointer(path) if path in config.came_from else "/network"
    return Item("network.egress.default", pointer, config.place(path)[0], text, "exact")


def _inbound_item(config: Config, inbound: str) -> Item:
    path: Path = ("network", "ingress", "default")
    pointer = config.pointer(path) if path in config.came_from else "/network"
    why = "" if inbound == "allow" else "taking a local address is denied, too, also where nothing is listened for"
    text = f"connections come in by default: {inbound}"
    return Item(
        "network.ingress.default", pointer, config.place(path)[0], text, "narrower" if why else "exact", why=why
    )


def _loopback_item(config: Config, action: str, proxy: ProxyUrl | None) -> Item:
    path: Path = ("network", "ingress", "hostLoopback")
    pointer = config.pointer(path) if path in config.came_from else "/network"
    line, text = config.place(path)[0], f"this machine's loopback, both ways: {action}"
    name = "network.ingress.hostLoopback"
    if action == "allow":
        rule = _rule("mxc-host-loopback", ["network", *INBOUND], LOOPBACK, "allow", pointer)
        return Item(name, pointer, line, text, "exact", (rule,))
    out = _rule("mxc-host-loopback", ["network"], LOOPBACK, "deny", pointer)
    if proxy is not None and "ip" in endpoint_or_nothing(proxy):
        out["unless"] = endpoint(proxy)
    why = "a sandbox has a loopback of its own for its processes; here there is only the machine's, which is closed"
    rules = (out, _rule("mxc-host-loopback-in", INBOUND, LOOPBACK, "deny", pointer))
    return Item(name, pointer, line, text, "narrower", rules, why=why)


def endpoint_or_nothing(proxy: ProxyUrl) -> dict[str, Any]:
    """A proxy's match; empty where its name is none for a rule."""
    try:
        return endpoint(proxy)
    except ValueError:
        return {}


def _rule_item(config: Config, name: str, number: int, rule: dict[str, Any], *, useless: bool) -> Item:
    path: Path = ("network", "egress", name, number)
    pointer, line = config.pointer(path), config.place(path)[0]
    text = f"{name} {_told(rule)}"
    if useless:
        return Item(
            f"network.egress.{name}.{number}", pointer, line, text, "exact", why="the default allows it already"
        )
    rules: Rules = tuple(
        {**_rule(f"mxc-egress-{name}-{number + 1}", ["network"], {**to, **ports}, name, pointer), **unless}
        for to, unless in _targets(rule)
        for ports in _ports(rule)
    )
    return Item(f"network.egress.{name}.{number}", pointer, line, text, "exact", rules)


def _targets(rule: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Matches of the peers, each with its exceptions; one without any matches every address."""
    if not rule.get("to"):
        return [({}, {})]
    whole = [str(plain(network(peer["cidr"]))) for peer in rule["to"] if not peer.get("except")]
    found: list[tuple[dict[str, Any], dict[str, Any]]] = [({"ip": whole}, {})] if whole else []
    for peer in rule["to"]:
        if peer.get("except"):
            holes = [str(plain(network(text))) for text in peer["except"]]
            found.append(({"ip": [str(plain(network(peer["cidr"])))]}, {"unless": {"ip": holes}}))
    return found


def _ports(rule: dict[str, Any]) -> list[dict[str, Any]]:
    """Matches of the port selectors, one for each set of protocols."""
    grouped: dict[tuple[str, ...], list[int | str] | None] = {}
    selectors: list[dict[str, Any]] = rule.get("ports") or [{}]
    for port in selectors:
        protocols, ports = _selector(port)
        before = grouped.get(protocols, [])
        grouped[protocols] = None if ports is None or before is None else [*before, *ports]
    if () in grouped:
        return [{}]
    return [
        {"protocol": list(protocols), **({"port": ports} if ports is not None else {})}
        for protocols, ports in grouped.items()
    ]


def _selector(port: dict[str, Any]) -> tuple[tuple[str, ...], list[int | str] | None]:
    """Protocols (none: every one) and ports (``None``: every one); a port goes with TCP and UDP only."""
    protocols = _PROTOCOLS[port.get("protocol", "any")]
    first = port.get("port")
    if first is None:
        return protocols, None
    last = port.get("endPort", first)
    return protocols or ("tcp", "udp"), [first if last == first else f"{first}-{last}"]


def _told(rule: dict[str, Any]) -> str:
    """A rule in a few words."""
    to = ", ".join(peer["cidr"] for peer in rule.get("to") or ()) or "any address"
    ports = ", ".join(
        f"{port.get('protocol', 'any')} {port.get('port', '')}{'-' + str(port['endPort']) if 'endPort' in port else ''}".strip()
        for port in rule.get("ports") or ()
    )
    return f"{to}{f' ({ports})' if ports else ''}"


def _rule(name: str, on: list[str], match: dict[str, Any], action: str, pointer: str) -> dict[str, Any]:
    given = {"match": match} if match else {}
    return {"id": name, "on": on, **given, "action": action, "origin": pointer or "/"}
