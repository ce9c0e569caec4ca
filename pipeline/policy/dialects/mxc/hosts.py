"""The older network of an MXC configuration (a default and two lists of hosts) as rules.

A name counts by what it is resolved to at the start; Lictor matches a name where it knows one. An allow by name
so never opens more. A block by name could miss a connection whose name is not known: where something else
allows that connection, such connections are closed until a person accepts the difference.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.interface import Item
from pipeline.policy.dialects.mxc.traffic import INBOUND, LOOPBACK, proxy_item
from pipeline.policy.dialects.mxc.url import Network, ProxyUrl, lies_in, plain, proxy_url
from pipeline.policy.texts import domain

if TYPE_CHECKING:
    from pipeline.policy.dialects.interface import Rules
    from pipeline.policy.dialects.json_places import Path
    from pipeline.policy.dialects.mxc.config import Config

_LOCALHOST = ("127.0.0.1/32", "::1/128")
_LOOPBACK_NETS = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def legacy(config: Config) -> tuple[dict[str, str], list[Item]]:
    """Defaults and items of ``network.defaultPolicy``, the host lists, ``allowLocalNetwork`` and ``proxy``."""
    found = config.get("network") or {}
    proxied = "proxy" in found
    opened = found.get("defaultPolicy", "block") == "allow" and not proxied
    inbound = "allow" if found.get("allowLocalNetwork") else "deny"
    defaults = {"network": "allow" if opened else "deny", **dict.fromkeys(INBOUND, inbound)}
    items = [_default_item(config, opened=opened, proxied=proxied), *_inbound_items(config, inbound)]
    for name in ("blockedHosts", "allowedHosts"):
        for i, text in enumerate(found.get(name) or ()):
            items.append(_host_item(config, name, i, text, opened=opened, proxied=proxied))
    if "enforcementMode" in found:
        path: Path = ("network", "enforcementMode")
        why = "how the original enforces it; Lictor enforces in its own way"
        items.append(_item(config, path, found["enforcementMode"], "setting", why=why))
    if proxied:
        items.append(_proxy_item(config, found["proxy"]))
    if (opened or inbound == "allow") and not _shares_network(config):
        items.append(_loopback_item(config, opened=opened))
    return defaults, items


def _item(
    config: Config, path: Path, text: str, outcome: str, rules: Rules = (), *, why: str = "", accepted: Rules = ()
) -> Item:
    name = ".".join(str(part) for part in path)
    return Item(name, config.pointer(path), config.place(path)[0], text, outcome, rules, accepted, why)


def _shares_network(config: Config) -> bool:
    """Whether the sandbox uses the machine's own network, loopback included: bubblewrap without anything to filter."""
    found = config.get("network") or {}
    hosts = found.get("allowedHosts") or found.get("blockedHosts")
    return (
        config.backend == "bubblewrap" and found.get("defaultPolicy") == "allow" and not hosts and "proxy" not in found
    )


def _default_item(config: Config, *, opened: bool, proxied: bool) -> Item:
    path: Path = ("network", "defaultPolicy")
    text = "connections go out by default: " + ("allow" if opened else "deny")
    if proxied and (config.get("network") or {}).get("defaultPolicy") == "allow":
        why = "programs that ignore the proxy could go around it in the original; here only the proxy can be reached"
        return _item(config, path, text, "narrower", why=why)
    pointer = config.pointer(path) if path in config.came_from else "/network"
    return Item("network.defaultPolicy", pointer, config.place(path)[0], text, "exact")


def _inbound_items(config: Config, inbound: str) -> list[Item]:
    path: Path = ("network", "allowLocalNetwork")
    if path not in config.came_from or "allowLocalNetwork" not in (config.get("network") or {}):
        return []
    return [_item(config, path, f"listening and connections that come in: {inbound}", "exact")]


def _loopback_item(config: Config, *, opened: bool) -> Item:
    on = (["network"] if opened else []) + (INBOUND if (config.get("network") or {}).get("allowLocalNetwork") else [])
    rule = {"id": "mxc-loopback", "on": on, "match": LOOPBACK, "action": "deny", "origin": "/network"}
    why = "the sandbox has a loopback of its own; this machine's is closed"
    return Item(
        "network.loopback",
        "/network",
        config.place(("network",))[0],
        "this machine's loopback",
        "narrower",
        (rule,),
        why=why,
    )


def _proxy_item(config: Config, given: dict[str, Any]) -> Item:
    if "builtinTestServer" in given:
        why = "the test proxy is started by the original and has no fixed address, so nothing can be reached"
        return _item(
            config, ("network", "proxy", "builtinTestServer"), "the built-in test proxy", "unsupported", why=why
        )
    if "localhost" in given:
        return proxy_item(
            config, ("network", "proxy", "localhost"), ProxyUrl("localhost", given["localhost"], credentials=False)
        )
    return proxy_item(config, ("network", "proxy", "url"), proxy_url(given["url"]))


def _host_item(config: Config, name: str, number: int, text: str, *, opened: bool, proxied: bool) -> Item:
    path: Path = ("network", name, number)
    shown = ascii(text)
    if proxied:
        return _item(config, path, shown, "narrower", why="the proxy decides on hosts; nothing else can be reached")
    nets = networks(text)
    if name == "allowedHosts":
        if opened:
            return _item(config, path, shown, "exact", why="the default allows it already")
        return _allow_item(config, path, text, nets)
    return _block_item(config, path, text, nets, opened=opened)


def _allow_item(config: Config, path: Path, text: str, nets: list[Network]) -> Item:
    pointer, number = config.pointer(path), int(path[-1]) + 1
    rule: dict[str, Any] = {"id": f"mxc-allowed-host-{number}", "on": ["network"], "action": "allow", "origin": pointer}
    if nets:
        inside = all(any(lies_in(net, own) for own in _LOOPBACK_NETS) for net in nets)
        rule |= {"match": {"ip": [str(net) for net in nets]}, **({} if inside else {"unless": LOOPBACK})}
        return _item(config, path, ascii(text), "exact", (rule,))
    plain_name = _name(text)
    if plain_name is None or plain_name.startswith("*."):
        why = "the original looks the host up, and there is no host of this name, so nothing is allowed by it"
        return _item(config, path, ascii(text), "narrower", why=why)
    rule |= {"match": {"domain": [plain_name]}}
    return _item(config, path, ascii(text), "exact", (rule,))


def _block_item(config: Config, path: Path, text: str, nets: list[Network], *, opened: bool) -> Item:
    pointer, number = config.pointer(path), int(path[-1]) + 1
    rule: dict[str, Any] = {"id": f"mxc-blocked-host-{number}", "on": ["network"], "action": "deny", "origin": pointer}
    nets = nets or networks(text.strip())
    if nets:
        return _item(config, path, ascii(text), "exact", ({**rule, "match": {"ip": [str(net) for net in nets]}},))
    plain_name = _name(text.strip())
    if plain_name is None:
        why = "no host: the original does not start with it, so nothing can be reached"
        return _item(config, path, ascii(text), "narrower", (rule,), why=why)
    named = {**rule, "match": {"domain": [plain_name]}}
    if not opened and not _allows_addresses(config):
        return _item(config, path, ascii(text), "exact", (named,))
    unknown = {**rule, "id": f"mxc-blocked-host-{number}-unnamed", "match": {"net": ["unresolved", "private"]}}
    why = "a connection whose name is not known could be to this host: all such are denied until this is accepted"
    return _item(config, path, ascii(text), "wider", (named, unknown), why=why, accepted=(named,))


def _allows_addresses(config: Config) -> bool:
    return any(networks(text) for text in (config.get("network") or {}).get("allowedHosts") or ())


def networks(text: str) -> list[Network]:
    """The networks that a host stands for by itself: an address, a network, localhost."""
    if text.lower() == "localhost":
        return [ipaddress.ip_network(net) for net in _LOCALHOST]
    try:
        return [plain(ipaddress.ip_network(text, strict=False))] if "%" not in text else []
    except ValueError:
        return []


def _name(text: str) -> str | None:
    try:
        return domain(text)
    except ValueError:
        return None
