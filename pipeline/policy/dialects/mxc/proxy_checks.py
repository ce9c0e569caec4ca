"""A proxy of the older network of an MXC configuration: its three forms, and what each containment makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.mxc.url import AddressError, ProxyUrl, is_loopback, proxy_url

if TYPE_CHECKING:
    from pipeline.policy.dialects.json_places import Path
    from pipeline.policy.dialects.mxc.config import Config

_WITH_PROXY = ("processcontainer", "bubblewrap", "lxc", "seatbelt", "wslc")
_AT = ("network", "proxy")
_CREDENTIALS = "the proxy's url must not hold credentials: command lines are world-readable"


@dataclass(frozen=True)
class _Asked:
    """A proxy and what stands beside it."""

    given: dict[str, Any]
    proxy: ProxyUrl
    blocked: bool
    hosts: bool
    firewall: bool


def parsed_proxy(config: Config, at: Path, url: str) -> ProxyUrl | None:
    """Host and port of a proxy; notes why its URL cannot be used."""
    try:
        return proxy_url(url)
    except AddressError as error:
        config.refuse(at, f"the proxy's URL cannot be used: {error}")
        return None


def check_proxy(config: Config, network: dict[str, Any]) -> None:
    """Note every reason why the original refuses ``network.proxy``."""
    given = network["proxy"]
    proxy = _address(config, given)
    if proxy is None:
        return
    if config.backend not in _WITH_PROXY:
        config.refuse(_AT, f"containment '{config.backend}' has no proxy")
    checks = {"lxc": _lxc, "wslc": _wslc, "bubblewrap": _bubblewrap, "seatbelt": _seatbelt}
    said = checks[config.backend](_asked(network, proxy)) if config.backend in checks else ""
    if said:
        config.refuse(_AT, said)


def _asked(network: dict[str, Any], proxy: ProxyUrl) -> _Asked:
    return _Asked(
        network["proxy"],
        proxy,
        blocked=network.get("defaultPolicy", "block") == "block",
        hosts=bool(network.get("allowedHosts") or network.get("blockedHosts")),
        firewall=network.get("enforcementMode", "capabilities") != "capabilities",
    )


def _address(config: Config, given: dict[str, Any]) -> ProxyUrl | None:
    """Where the proxy is, by the form that counts; ``None`` where there is none."""
    builtin, port, url = (given.get(name) for name in ("builtinTestServer", "localhost", "url"))
    if builtin is None and port is None and url is None:
        config.refuse(_AT, "'proxy' needs builtinTestServer, localhost or url")
        return None
    if builtin is None and port is None:
        return parsed_proxy(config, (*_AT, "url"), str(url))
    if builtin is not None and (not builtin or port is not None or url is not None):
        config.refuse(_AT, "'builtinTestServer' must be true and stand alone")
    if port == 0:
        config.refuse((*_AT, "localhost"), "the proxy's port must be from 1 to 65535")
    return ProxyUrl("127.0.0.1", port or 0, credentials=False)


def _lxc(asked: _Asked) -> str:
    if "url" not in asked.given or "localhost" in asked.given or is_loopback(asked.proxy.host):
        return "LXC takes a proxy only by a url whose host is not the container's own loopback"
    if not asked.firewall:
        return "LXC takes a proxy only with enforcementMode 'firewall' or 'both'"
    return _CREDENTIALS if asked.proxy.credentials else ""


def _wslc(asked: _Asked) -> str:
    if "builtinTestServer" in asked.given or "localhost" in asked.given:
        return "a WSL container takes a proxy only by its url"
    wrong = asked.blocked or asked.hosts
    return "a WSL container with a proxy needs defaultPolicy 'allow' and no host lists" if wrong else ""


def _bubblewrap(asked: _Asked) -> str:
    if asked.firewall:
        return "bubblewrap takes no proxy with enforcementMode 'firewall' or 'both'"
    if asked.proxy.credentials:
        return _CREDENTIALS
    wrong = "builtinTestServer" not in asked.given and (asked.blocked or asked.hosts)
    return "bubblewrap takes an external proxy only without host lists and defaultPolicy 'block'" if wrong else ""


def _seatbelt(asked: _Asked) -> str:
    if asked.firewall:
        return "Seatbelt takes no proxy with enforcementMode 'firewall' or 'both'"
    remote = asked.blocked and asked.proxy.host not in ("127.0.0.1", "::1", "localhost")
    return "Seatbelt takes a remote proxy only with defaultPolicy 'allow'" if remote else ""
