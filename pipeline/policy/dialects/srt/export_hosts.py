"""Rules about the network in srt's lists of hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.dialects.srt.export_files import Part, given, match_entries
from pipeline.policy.dialects.srt.export_lists import Lists
from pipeline.policy.dialects.srt.export_network import HOST_KEYS, PRIVATE, hosts, ports_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.model import Match, Policy, Rule

_KNOWN = HOST_KEYS | {"protocol"}
_LOOPBACK = ("127.0.0.0/8", "::1/128")


def allowed_hosts(policy: Policy, rule: Rule, lists: Lists, *, accepted: bool) -> Iterator[Part]:
    """Write a permission to connect."""
    match = rule.match
    if match.path or match.protocol == ("unix",):
        lists.sockets += [e.path for e in match_entries(policy, match) if e.entry is not None and not e.glob and e.tree]
        yield "narrower", "srt opens unix sockets on macOS only, and only by their paths"
        return
    if match.protocol and "tcp" not in match.protocol:
        yield "narrower", "srt passes TCP only"
        return
    if match.net:
        yield _allowed_net(rule, lists, accepted=accepted)
        return
    conditions = given(match) - _KNOWN
    if conditions or rule.unless is not None or rule.expires or (match.domain and match.ip):
        yield "wider", "srt cannot look at the conditions"
        if not accepted:
            return
    entries, networks, whole = hosts(match)
    lists.allowed_domains += entries
    if not whole or networks or not entries:
        yield "narrower", "srt allows only single hosts: names with a dot, *. and such a name, or an address"
    else:
        yield "exact", ""


def _allowed_net(rule: Rule, lists: Lists, *, accepted: bool) -> Part:
    if rule.match.net != ("loopback",):
        return "narrower", "srt allows only single hosts"
    lists.local_binding = lists.local_binding or accepted
    return "wider", "srt lets commands connect to local ports only together with taking any port"


def denied_hosts(rule: Rule, lists: Lists) -> Iterator[Part]:
    """Write a deny of connecting."""
    match = rule.match
    if match.path or match.protocol == ("unix",):
        lists.no_sockets = True
        part = bool(match.path) or rule.unless is not None
        yield ("narrower", "srt blocks all unix sockets") if part else ("exact", "")
        return
    if match.protocol and "tcp" not in match.protocol:
        yield "exact", ""
        return
    further = given(match) - _KNOWN
    if further and not given(match) & HOST_KEYS:
        yield "unsupported", f"srt cannot look at {', '.join(sorted(further))}"
        return
    if further or rule.unless is not None or sum(map(bool, (match.domain, match.ip, match.net))) > 1:
        yield "narrower", "srt cannot look at all of the conditions, so it denies more"
    yield _denied(match, lists)


def _denied(match: Match, lists: Lists) -> Part:
    if match.domain and match.ip:  # a name that leads to such an address
        lists.denied_addresses += match.ip
        return "exact", ""
    if match.domain or match.ip:
        entries, networks, _ = hosts(match)
        lists.denied_domains += entries
        if match.domain and not match.port:
            lists.denied_names += match.domain
        if match.ip:
            lists.denied_addresses += networks
            lists.denied_networks += networks
        if match.port and (networks or not entries):
            lists.denied_names += match.domain
            return "narrower", "srt denies such hosts at every port"
        return "exact", ""
    if match.net:
        return _denied_net(match, lists)
    ports = ports_of(match.port)
    lists.denied_domains += [f"*:{port}" for port in ports] if ports else ["*"]
    return ("narrower", "srt denies every port") if ports is None else ("exact", "")


def _denied_net(match: Match, lists: Lists) -> Part:
    for word, networks in (("loopback", _LOOPBACK), ("private", PRIVATE)):
        if word in match.net:
            lists.denied_networks += networks
            lists.denied_addresses += networks
    if "loopback" in match.net:
        lists.no_binding = True
    if {"external", "unresolved"} & set(match.net):
        lists.denied_domains.append("*")
        return "narrower", "srt cannot tell addresses apart by kind, so it denies every host"
    return ("narrower", "srt denies such hosts at every port") if match.port else ("exact", "")
