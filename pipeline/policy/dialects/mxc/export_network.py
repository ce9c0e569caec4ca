"""The egress rules of an exported MXC configuration.

MXC knows addresses, protocols and ports. An allow that looks at anything else is left out; a deny that does is
written without it, and so denies more.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.mxc.export_regions import conditions
from pipeline.policy.dialects.mxc.url import Network, lies_in
from pipeline.policy.fields import parse_network
from pipeline.policy.matchers import net_networks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.policy.model import Match

_LOOPBACK = [parse_network(text) for text in net_networks("loopback")]
_OTHERS = [parse_network(text) for word in ("loopback", "unspecified", "private") for text in net_networks(word)]
_EVERY: dict[int, Network] = {4: ipaddress.ip_network("0.0.0.0/0"), 6: ipaddress.ip_network("::/0")}
_ICMP = {"icmp": 4, "icmpv6": 6}
_FIRST, _LAST = 1, 65535

Peer = tuple[Network, tuple[Network, ...]]
"""A network and its exceptions."""


@dataclass(frozen=True)
class Written:
    """Rules of MXC for one rule of Lictor; ``exact`` where they say the same, ``all`` where they hold for everything."""

    rules: tuple[dict[str, Any], ...]
    exact: bool = True

    @property
    def all(self) -> bool:
        """Whether one of the rules is about any address, protocol and port."""
        return {} in self.rules


def allow(match: Match, unless: Match | None) -> Written | None:
    """An allow; ``None`` where it cannot be said without allowing more."""
    if conditions(match) or match.path or match.label or "unresolved" in match.net or not _is_addresses(unless):
        return None
    protocols = [p for p in match.protocol if p not in ("unix", "sctp")]
    if match.protocol and not protocols:
        return None
    asked = _peers(match)
    useful = asked if asked is None else [peer for peer in asked if not _is_loopback(peer)]
    rules = _rules(useful, _spared(unless), protocols, match.port)
    exact = len(protocols) == len(match.protocol) and asked is not None and not any(map(_holds_loopback, asked))
    return Written(tuple(rules), exact) if rules else None


def deny(match: Match, unless: Match | None) -> Written:
    """A deny, widened where MXC cannot say it."""
    vague = conditions(match) or "unresolved" in match.net or bool(match.path) or bool(match.label)
    known = _is_addresses(unless)
    protocols = [p for p in match.protocol if p != "unix"]
    wider = "sctp" in protocols
    rules = _rules(_peers(match), _spared(unless) if known else (), [] if wider else protocols, match.port)
    return Written(tuple(rules), exact=not vague and not wider and known)


def _is_loopback(peer: Peer) -> bool:
    return any(lies_in(peer[0], own) for own in _LOOPBACK)


def _holds_loopback(peer: Peer) -> bool:
    whole = any(lies_in(own, peer[0]) or lies_in(peer[0], own) for own in _LOOPBACK)
    return whole and not all(any(lies_in(own, hole) for hole in peer[1]) for own in _LOOPBACK if lies_in(own, peer[0]))


def _is_addresses(match: Match | None) -> bool:
    """Whether a match, if there is one, looks at addresses and nothing else."""
    if match is None:
        return True
    others = match.path or match.label or match.port or match.protocol or conditions(match)
    return not others and bool(match.ip or match.net) and "unresolved" not in match.net


def _peers(match: Match) -> list[Peer] | None:
    """What a match names; ``None`` where it names no address. Of kinds and networks both must hold."""
    own: list[Peer] = [(parse_network(text), ()) for text in match.ip]
    kinds = [peer for word in match.net for peer in _kind(word)]
    if match.ip and match.net:
        return [both for a, _ in own for b in kinds if (both := _common(a, b)) is not None]
    return own or kinds or None


def _kind(word: str) -> list[Peer]:
    """A kind of address; what has no name is taken for any external one."""
    if word in ("external", "unresolved"):
        return [(net, tuple(hole for hole in _OTHERS if lies_in(hole, net))) for net in _EVERY.values()]
    return [(parse_network(text), ()) for text in net_networks(word)]


def _common(net: Network, peer: Peer) -> Peer | None:
    """What a network and a peer have in common."""
    inner = net if lies_in(net, peer[0]) else peer[0]
    if not lies_in(inner, net) or any(lies_in(inner, hole) for hole in peer[1]):
        return None
    return inner, tuple(hole for hole in peer[1] if lies_in(hole, inner))


def _spared(unless: Match | None) -> tuple[Network, ...]:
    """Networks that an exception of addresses names; those of ``external`` one by one."""
    if unless is None:
        return ()
    own = [parse_network(text) for text in unless.ip]
    kinds = [parse_network(text) for word in unless.net for text in net_networks(word)]
    if unless.ip and unless.net:
        return tuple(a if lies_in(a, b) else b for a in own for b in kinds if lies_in(a, b) or lies_in(b, a))
    return (*own, *kinds)


def _rules(
    peers: list[Peer] | None, spared: tuple[Network, ...], protocols: list[str], ports: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """The rules for peers without the spared networks, by protocols; ICMP goes with the family that it is of."""
    if peers is None and spared:
        peers = [(net, ()) for net in _EVERY.values()]
    plain = [p for p in protocols if p not in _ICMP]
    selectors = _selectors(plain, ports)
    found = []
    if selectors is not None and (plain or not protocols):
        found += _targeted(peers, spared, {"ports": selectors} if selectors else {})
    for protocol in protocols if not ports else ():
        if protocol in _ICMP:
            family = _ICMP[protocol]
            own = [peer for peer in peers or [(_EVERY[family], ())] if peer[0].version == family]
            found += _targeted(own, spared, {"ports": [{"protocol": "icmp"}]})
    return found


def _targeted(peers: list[Peer] | None, spared: tuple[Network, ...], ports: dict[str, Any]) -> list[dict[str, Any]]:
    if peers is None:
        return [ports]
    written = [peer for peer in (_peer(*peer, spared) for peer in peers) if peer is not None]
    return [{"to": written, **ports}] if written else []


def _peer(net: Network, own: tuple[Network, ...], spared: tuple[Network, ...]) -> dict[str, Any] | None:
    """A peer with its exceptions; ``None`` where nothing is left of it."""
    if any(lies_in(net, hole) for hole in spared):
        return None
    holes = [str(hole) for hole in dict.fromkeys((*own, *spared)) if lies_in(hole, net)]
    return {"cidr": str(net), **({"except": holes} if holes else {})}


def _selectors(protocols: list[str], ports: Sequence[tuple[int, int]]) -> list[dict[str, Any]] | None:
    """Port selectors: empty for every protocol and port, ``None`` where no port is left."""
    spans = [(max(low, _FIRST), min(high, _LAST)) for low, high in ports]
    spans = [(low, high) for low, high in spans if low <= high]
    if ports and not spans:
        return None
    if not protocols and not spans:
        return []
    named = [{"protocol": protocol} for protocol in protocols] or [{"protocol": "any"}]
    if not spans:
        return named
    return [
        {**name, "port": low, **({"endPort": high} if high != low else {})} for name in named for low, high in spans
    ]
