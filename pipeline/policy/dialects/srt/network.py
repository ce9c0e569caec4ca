"""The rules of srt about the network: denied but for ``allowedDomains``, and ``deniedDomains`` beats those.

srt sees names, since everything goes through its proxy; here a rule on a name matches where the name is known.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.srt.domains import split_range
from pipeline.policy.dialects.srt.hosts import is_ipv4, is_ipv6, split_port
from pipeline.policy.dialects.srt.items import Sheet, rule
from pipeline.policy.dialects.srt.paths import Nowhere, resolve
from pipeline.policy.texts import plain_domain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.policy.dialects.interface import Item
    from pipeline.policy.dialects.json_places import Path

DEFAULTS = {"network": "deny", "net.bind": "deny", "net.listen": "deny"}

SOCKETS = ("net.connect", "net.bind", "net.listen", "net.send")

NEVER_RESOLVED = (
    "127.0.0.0/8", "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255",
    "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "::/96", "::ffff:0:0:0/96", "2002::/16", "fe80::/10", "ff00::/8", "fd00:ec2::/32", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42",
)  # fmt: skip
"""Addresses that an allowed name must not lead to: this machine, its neighbours, the metadata of clouds, and
the old forms that carry an IPv4 address (srt looks at which one)."""

_NAT64 = int(ipaddress.IPv6Address("64:ff9b::"))


def network_items(sheet: Sheet, path: Path, settings: Mapping[str, Any]) -> Iterator[Item]:
    """Items of a ``network`` object, in the order of the file, then those of what srt adds."""
    for key, value in settings.items():
        here = (*path, key)
        if key == "allowedDomains":
            yield from (allowed(sheet, (*here, i), entry) for i, entry in enumerate(value))
        elif key == "deniedDomains":
            reasons = settings.get("deniedDomainReasons") or {}
            yield from (denied(sheet, (*here, i), e, reasons.get(e, "")) for i, e in enumerate(value))
        elif key == "deniedResolvedAddresses":
            why = "it is among the addresses that no allowed name may lead to"
            yield from (sheet.item((*here, i), "exact", why=why) for i in range(len(value)))
        elif key == "allowLocalBinding":
            yield _local_binding(sheet, here, allow=value)
    yield from _resolved(sheet, path, settings)
    yield from _unix_sockets(sheet, path, settings)


def target(entry: str) -> tuple[dict[str, Any] | None, str]:
    """The match of an entry; ``None`` with a reason where no host is matched, or it cannot be written."""
    host, port = split_port(entry)
    match: dict[str, Any] = {} if port is None else {"port": port}
    if host == "*":
        return match, ""
    if is_ipv4(host) or is_ipv6(host):
        return {"ip": str(ipaddress.ip_address(host.partition("%")[0])), **match}, ""
    name = host.removeprefix("*.")
    if not name.isascii():
        return None, "srt compares names in their ASCII form (xn--...), which this entry never equals"
    if plain_domain(name) is None:
        return None, "it is no host name"
    return {"domain": host.lower(), **match}, ""


def allowed(sheet: Sheet, path: Path, entry: str) -> Item:
    """The item of an allowed host."""
    match, why = target(entry)
    if match is None:
        return sheet.item(path, "exact" if why.startswith("srt") else "narrower", why=why)
    rules = [rule(("network",), match, "allow")]
    if not match.keys() - {"port"}:
        return sheet.item(path, "wider", accepted=rules, why="srt itself takes no '*' here, which is every host")
    if match.get("domain") != "localhost":
        return sheet.item(path, "exact", rules)
    wide = [rule(("network",), {"net": "loopback", **{k: v for k, v in match.items() if k != "domain"}}, "allow")]
    why = "srt allows the name only; connections to this machine rarely show one, and all of loopback is more"
    return sheet.item(path, "wider", rules, accepted=wide, why=why)


def denied(sheet: Sheet, path: Path, entry: str, because: str) -> Item:
    """The item of a denied host."""
    match, why = target(entry)
    if match is None:
        return sheet.item(path, "exact" if why.startswith("srt") else "unsupported", why=why)
    return sheet.item(path, "exact", [rule(("network",), match, "deny", because=because)])


def _local_binding(sheet: Sheet, path: Path, *, allow: bool) -> Item:
    if not allow:
        return sheet.item(path, "exact", why="the default")
    own = rule(("net.bind", "net.listen", "net.accept"), {"net": "loopback"}, "allow")
    connect = rule(("network",), {"net": "loopback"}, "allow")
    why = "srt on macOS also lets commands connect to every local port; on Linux they have a loopback of their own"
    return sheet.item(path, "wider", [own], accepted=[own, connect], why=why)


def _resolved(sheet: Sheet, path: Path, settings: Mapping[str, Any]) -> Iterator[Item]:
    """A name that is allowed must not lead to this machine or what lies near it; addresses named themselves may be used."""
    matches = [m for m, _ in map(target, settings.get("allowedDomains") or ()) if m]
    names = sorted({m["domain"] for m in matches if m.get("domain", "localhost") != "localhost"})
    if not names:
        return
    listed = [_network(entry) for entry in settings.get("deniedResolvedAddresses") or ()]
    literal = [
        m["ip"] for m, _ in map(target, settings.get("deniedDomains") or ()) if m and "ip" in m and "port" not in m
    ]
    networks = list(dict.fromkeys(_with_nat64([*NEVER_RESOLVED, *listed, *literal])))
    open_ones = sorted({m["ip"] for m in matches if "ip" in m and "port" not in m})
    made = rule(
        ("network",), {"domain": names, "ip": networks}, "deny", unless={"ip": open_ones} if open_ones else None
    )
    why = (
        "srt lets a name lead to old IPv6 forms of an IPv4 address (6to4 and others) where that address is a right one"
    )
    yield sheet.item(path, "narrower", [made], why=why, name=f"{sheet.prefix}-resolved-addresses")


def _network(entry: str) -> str:
    found = split_range(entry) or ("::", 128)
    return str(ipaddress.ip_network(f"{found[0]}/{found[1]}", strict=False))


def _with_nat64(networks: Iterable[str]) -> Iterator[str]:
    """The networks, and the addresses under which a network without IPv4 reaches them."""
    for text in networks:
        yield text
        found = ipaddress.ip_network(text)
        if isinstance(found, ipaddress.IPv4Network):
            yield str(ipaddress.IPv6Network((_NAT64 + int(found.network_address), 96 + found.prefixlen)))


def _unix_sockets(sheet: Sheet, path: Path, settings: Mapping[str, Any]) -> Iterator[Item]:
    """Unix sockets are blocked; those that are listed srt allows on macOS only."""
    everything = settings.get("allowAllUnixSockets")
    if "allowAllUnixSockets" in settings:
        why = "unix sockets are left alone" if everything else "the default"
        yield sheet.item((*path, "allowAllUnixSockets"), "exact", why=why)
    patterns = []
    for i, entry in enumerate(settings.get("allowUnixSockets") or ()):
        here = (*path, "allowUnixSockets", i)
        spot = resolve({"path": entry}) if entry else Nowhere("it is empty")
        if everything:
            yield sheet.item(here, "exact", why="all unix sockets are allowed")
        elif isinstance(spot, Nowhere):
            yield sheet.item(here, "narrower", why=f"it allows nothing here: {spot.why}")
        else:
            patterns.append(spot.tree[0])
            kept = rule(SOCKETS, {"protocol": "unix", "path": spot.tree[0]}, "deny")
            yield sheet.item(
                here, "wider", [kept], why="srt takes this on macOS only; on Linux the socket stays blocked"
            )
    if not everything:
        made = rule(SOCKETS, {"protocol": "unix"}, "deny", unless={"path": patterns} if patterns else None)
        yield sheet.item(path, "exact", [made], name=f"{sheet.prefix}-unix-sockets")
