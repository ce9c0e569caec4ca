"""The network of an MXC configuration: which of the two forms it has, and what each must keep to.

Up to 0.7 there are a default and lists of hosts; from 0.8 on also directions (``egress``, ``ingress``) with CIDR
rules. The two never mix, and a proxy goes with few other settings, which differ by containment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.mxc.proxy_checks import check_proxy, parsed_proxy
from pipeline.policy.dialects.mxc.shape import BLANK
from pipeline.policy.dialects.mxc.url import AddressError, is_this_host, lies_in, network

if TYPE_CHECKING:
    from pipeline.policy.dialects.json_places import Path
    from pipeline.policy.dialects.mxc.config import Config

LEGACY = ("defaultPolicy", "enforcementMode", "allowLocalNetwork", "allowedHosts", "blockedHosts", "proxy")
DIRECTIONAL = ("egress", "ingress")

_PEER = ("processContainer", "network", "allowedProxyPeer")
_RUNTIME = ("runtimeConfig", "networkProxy")


def check(config: Config) -> None:
    """Note every reason why the original refuses the network part."""
    if is_legacy(config):
        _check_form(config, legacy=True)
        _check_legacy(config)
    else:
        _check_form(config, legacy=False)
        _check_directional(config)


def is_legacy(config: Config) -> bool:
    """Whether the network has the older form; an empty one has the form of the version."""
    found = config.get("network") or {}
    return any(name in found for name in LEGACY) or not config.directional


def _check_form(config: Config, *, legacy: bool) -> None:
    """No directional field in an older version, and none beside a legacy one."""
    if legacy and not config.directional and _names_directions(config):
        config.refuse(
            ("network",), "egress, ingress, runtimeConfig and processContainer.network need version 0.8 or later"
        )
    elif legacy and _uses_directions(config):
        said = "defaultPolicy, enforcementMode, allowLocalNetwork, allowedHosts, blockedHosts and proxy do not mix with"
        config.refuse(("network",), f"{said} egress, ingress, runtimeConfig and processContainer.network")


def _names_directions(config: Config) -> bool:
    """Whether a directional field is there at all; a ``null`` counts where the version is a known older one or none."""
    sections = (config.get("runtimeConfig"), config.get("processContainer", "network"))
    if any(section is not None for section in sections) or any(
        config.get("network", n) is not None for n in DIRECTIONAL
    ):
        return True
    raw = config.raw if isinstance(config.raw, dict) and not (config.version == "" and raw_text(config)) else {}
    inner = [raw.get("network"), *(raw.get(key) for key in ("processContainer", "appContainer"))]
    named = [key for part in inner if isinstance(part, dict) for key in part]
    return "runtimeConfig" in raw or bool({"egress", "ingress", "network"} & set(named))


def raw_text(config: Config) -> bool:
    """Whether the version is given as a text (which may be empty)."""
    return isinstance(config.raw, dict) and isinstance(config.raw.get("version"), str)


def _uses_directions(config: Config) -> bool:
    peer = config.get(*_PEER)
    given = any(config.get("network", name) is not None for name in DIRECTIONAL)
    return given or config.get(*_RUNTIME) is not None or bool(peer is not None and peer.strip(BLANK))


def _check_directional(config: Config) -> None:
    for name in ("allow", "deny"):
        for i, rule in enumerate(config.get("network", "egress", name) or ()):
            _check_rule(config, ("network", "egress", name, i), rule)
    url = config.get(*_RUNTIME)
    if url is not None:
        _check_runtime_proxy(config, url)
    if config.backend == "processcontainer":
        _check_peer(config, proxied=url is not None)
    if config.newest and config.backend == "isolation_session":
        _check_isolation_session(config, proxied=url is not None)


def _check_rule(config: Config, at: Path, rule: dict[str, Any]) -> None:
    for name in ("to", "ports"):
        if rule.get(name) == []:
            config.refuse((*at, name), f"'{name}' must hold at least one entry, or be left out")
    for i, peer in enumerate(rule.get("to") or ()):
        _check_peer_networks(config, (*at, "to", i), peer)
    for i, port in enumerate(rule.get("ports") or ()):
        _check_port(config, (*at, "ports", i), port)


def _check_peer_networks(config: Config, at: Path, peer: dict[str, Any]) -> None:
    try:
        whole = network(peer["cidr"])
    except AddressError as error:
        config.refuse((*at, "cidr"), f"not a network: {error}")
        return
    for i, text in enumerate(peer.get("except") or ()):
        try:
            part = network(text)
        except AddressError as error:
            config.refuse((*at, "except", i), f"not a network: {error}")
            continue
        if not lies_in(part, whole):
            config.refuse((*at, "except", i), f"'{text}' is not within '{peer['cidr']}'")


def _check_port(config: Config, at: Path, port: dict[str, Any]) -> None:
    first, last = port.get("port"), port.get("endPort")
    if first == 0 or last == 0:
        config.refuse(at, "a port must be from 1 to 65535")
    if last is not None and first is None:
        config.refuse((*at, "endPort"), "'endPort' needs 'port'")
    if first is not None and last is not None and last < first:
        config.refuse((*at, "endPort"), f"'endPort' {last} is below 'port' {first}")
    if port.get("protocol") == "icmp" and (first is not None or last is not None):
        config.refuse(at, "icmp has no ports")


def _check_runtime_proxy(config: Config, url: str) -> None:
    proxy = parsed_proxy(config, _RUNTIME, url)
    if config.newest and config.backend == "wslc":
        return
    if proxy is not None and not is_this_host(proxy.host):
        config.refuse(_RUNTIME, "the proxy must be on localhost, 127.0.0.1 or [::1]")
    egress = config.get("network", "egress") or {}
    stated = any(config.get("network", name) is not None for name in DIRECTIONAL)
    if stated and (egress.get("default", "deny") != "deny" or egress.get("allow") or egress.get("deny")):
        config.refuse(("network", "egress"), "a proxy needs egress.default 'deny' and no rules for direct traffic")


def _check_isolation_session(config: Config, *, proxied: bool) -> None:
    """An isolation session filters nothing, and its configuration has to say so."""
    egress, ingress = config.get("network", "egress") or {}, config.get("network", "ingress") or {}
    open_ways = [egress.get("default"), ingress.get("default"), ingress.get("hostLoopback")]
    if open_ways != ["allow"] * 3 or {"allow", "deny"} & egress.keys() or proxied:
        said = "'allow' for egress.default, ingress.default and ingress.hostLoopback, without rules and proxy"
        config.refuse(("network",), f"an isolation session needs {said}")


def _check_peer(config: Config, *, proxied: bool) -> None:
    """Rules of Windows' process containers for a proxy that is named by its identity."""
    peer = config.get(*_PEER)
    if peer is not None and not peer.strip(BLANK):
        if config.newest:
            config.refuse(_PEER, "'allowedProxyPeer' must not be blank")
        peer = None
    if peer is not None and peer.lower() == "mxc-loopback":
        config.refuse(_PEER, "'MXC-Loopback' is reserved")
    if not proxied:
        if peer is not None:
            config.refuse(_PEER, "'allowedProxyPeer' needs runtimeConfig.networkProxy")
        return
    ingress = config.get("network", "ingress") or {}
    if ingress.get("default", "deny") != "allow":
        config.refuse(("network",), "a proxy of a process container needs ingress.default 'allow'")
    if (peer is not None) == (ingress.get("hostLoopback", "deny") == "allow"):
        wanted = "deny" if peer is not None else "allow"
        config.refuse(("network",), f"this proxy of a process container needs ingress.hostLoopback '{wanted}'")


def _check_legacy(config: Config) -> None:
    found = config.get("network")
    if found is None:
        return
    if "proxy" in found:
        check_proxy(config, found)
    if config.backend == "wslc":
        _check_wslc(config, found)


def _check_wslc(config: Config, found: dict[str, Any]) -> None:
    blocked = found.get("defaultPolicy", "block") == "block"
    if found.get("allowedHosts") if blocked else found.get("blockedHosts"):
        config.refuse(("network",), "a WSL container cannot filter hosts")
    if found.get("allowLocalNetwork"):
        config.refuse(("network", "allowLocalNetwork"), "a WSL container takes no connections but by its portMappings")
