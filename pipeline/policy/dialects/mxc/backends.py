"""What the Linux backends refuse of a configuration that was parsed: they would enforce it only in part.

A refusal counts where the configuration names the backend (``lxc``, ``bubblewrap``). ``process`` means whatever a
host has, so what bubblewrap cannot do is told as a note there; nothing is refused for lack of an installed program.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.mxc.url import AddressError, Network, is_loopback, lies_in, network, plain, proxy_url

if TYPE_CHECKING:
    from pipeline.policy.dialects.mxc.config import Config

_OWN_NETWORK = ipaddress.ip_network("10.0.2.0/24")
_MAPPED = ipaddress.ip_network("::ffff:0:0/96")
_NAMED = ("lxc", "bubblewrap")
_MOST_BLOCKS = 256


def check(config: Config) -> None:
    """Raise where the named backend refuses the configuration."""
    said = refusal(config)
    if said and config.get("containment") in _NAMED:
        config.refuse(("network",), said)
        config.settle()


def refusal(config: Config) -> str:
    """Why the backend on Linux would not start the configuration; empty where it would."""
    if config.backend == "lxc":
        return "LXC has no runtimeConfig.networkProxy" if _runtime_url(config) is not None else ""
    return _bubblewrap(config) if config.backend == "bubblewrap" else ""


def _bubblewrap(config: Config) -> str:
    strict = config.directional
    if strict and not _has_legacy(config):
        return _directions(config)
    return _hosts(config) if strict else ""


def _has_legacy(config: Config) -> bool:
    return bool(set(config.get("network") or {}) - {"egress", "ingress"})


def _runtime_url(config: Config) -> str | None:
    found = config.get("runtimeConfig", "networkProxy")
    return found if isinstance(found, str) else None


def _directions(config: Config) -> str:
    url = _runtime_url(config)
    if url is not None and proxy_url(url).credentials:
        return "bubblewrap takes no proxy url with credentials: command lines are world-readable"
    ingress = config.get("network", "ingress") or {}
    for name in ("default", "hostLoopback"):
        if ingress.get(name) == "allow":
            return f"bubblewrap cannot allow ingress.{name}: the sandbox has a network of its own"
    if url is not None:
        return _proxy_endpoint(url, config)
    egress = config.get("network", "egress") or {}
    rules = [*(egress.get("allow") or ()), *(egress.get("deny") or ())]
    said = (_peer(peer) for rule in rules for peer in rule.get("to") or ())
    return next((text for text in said if text), "")


def _peer(peer: dict[str, Any]) -> str:
    nets = [network(text) for text in (peer["cidr"], *(peer.get("except") or ()))]
    if any(net != _MAPPED and lies_in(_MAPPED, net) for net in nets):
        return f"bubblewrap takes no IPv6 network that holds the mapped IPv4 addresses: '{peer['cidr']}'"
    blocks = [plain(nets[0])]
    for hole in map(plain, nets[1:]):
        blocks = [part for block in blocks for part in _without(block, hole)]
        if len(blocks) > _MOST_BLOCKS:
            return f"bubblewrap takes no network with so many exceptions: '{peer['cidr']}'"
    return ""


def _without(block: Network, hole: Network) -> list[Network]:
    if block.version != hole.version or not block.overlaps(hole):
        return [block]
    if lies_in(block, hole):
        return []
    return list(block.address_exclude(hole))  # type: ignore[arg-type]  # same family


def _hosts(config: Config) -> str:
    """The older form in a version from 0.8 on: nothing is accepted that would not be enforced."""
    found = config.get("network")
    proxy = found.get("proxy") or {}
    hosts = [*(found.get("blockedHosts") or ()), *(found.get("allowedHosts") or ())]
    blocked = found.get("defaultPolicy", "block") == "block"
    firewall = found.get("enforcementMode", "capabilities") != "capabilities"
    if not proxy and hosts and not firewall:
        return "bubblewrap enforces host lists only with enforcementMode 'firewall' or a proxy"
    own_network = bool(proxy) or (firewall and bool(hosts)) or (blocked and not hosts)
    if bool(found.get("allowLocalNetwork", False)) == own_network:
        return "bubblewrap cannot have allowLocalNetwork so: it either shares the host's network or has its own"
    if proxy:
        url = f"http://127.0.0.1:{proxy['localhost']}/" if proxy.get("localhost") else proxy.get("url")
        return _proxy_endpoint(url, config) if url and "builtinTestServer" not in proxy else ""
    return next((said for said in map(_address, hosts) if said), "") if firewall else ""


def _address(text: str) -> str:
    """A host of the firewall: an address or a network, host bits allowed; never a name."""
    address, slash, length = text.strip().partition("/")
    try:
        found = ipaddress.ip_address(address if address.isascii() and "%" not in address else "")
    except ValueError:
        return f"bubblewrap filters addresses and networks, not names: '{text}'"
    if slash and (not re.fullmatch(r"\+?[0-9]+", length) or int(length) > found.max_prefixlen):
        return f"'{text}' has no right prefix length"
    net = ipaddress.ip_network((found, int(length) if slash else found.max_prefixlen), strict=False)
    straddles = net != _MAPPED and lies_in(_MAPPED, net)
    return f"bubblewrap takes no IPv6 network that holds the mapped IPv4 addresses: '{text}'" if straddles else ""


def _proxy_endpoint(url: str, config: Config) -> str:
    """Where a proxy can be reached from a network of its own."""
    proxy = _any_port(url)
    host = proxy[0].strip("[]")
    if proxy[1] == 0:
        return "bubblewrap needs a proxy with a port that is not 0"
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return _pinned(host, config)
    if isinstance(found, ipaddress.IPv6Address):
        return "" if found.is_unspecified else "bubblewrap reaches a proxy by IPv4 only"
    return "bubblewrap's own network is 10.0.2.0/24: no proxy can be there" if found in _OWN_NETWORK else ""


def _any_port(url: str) -> tuple[str, int]:
    try:
        found = proxy_url(url)
    except AddressError:
        return "127.0.0.1", 80  # the port of a localhost proxy may be the scheme's own
    return found.host, found.port


def _pinned(host: str, config: Config) -> str:
    """A proxy by its name is written into /etc/hosts, which the policy must not deny."""
    if is_loopback(host):
        return ""
    entries = [
        (path.rstrip("/"), rank, path)
        for rank, name in enumerate(("readwritePaths", "readonlyPaths", "deniedPaths"))
        for path in config.get("filesystem", name) or ()
        if path.rstrip("/") == "/etc/hosts" or "/etc/hosts".startswith(path.rstrip("/") + "/")
    ]
    deepest = max(entries, key=lambda entry: (len(entry[0]), entry[1]), default=None)
    denied = deepest is not None and deepest[1] == 2
    return "bubblewrap writes a proxy's name into /etc/hosts, which the configuration denies" if denied else ""
