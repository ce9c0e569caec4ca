"""The directional network as rules, read by their shape; their verdicts are in test_mxc."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.mxc.config import read_config
from pipeline.policy.dialects.mxc.traffic import directional


def made(network, **extra):
    base = {"version": "1.0.0", "process": {"commandLine": "ls"}, "network": network}
    defaults, items = directional(read_config(json.dumps({**base, **extra}), "x"))
    return defaults, {item.name: item for item in items}


def allow(rule):
    return made({"egress": {"allow": [rule]}})[1]["network.egress.allow.0"]


def matches(rule):
    return [r.get("match", {}) for r in allow(rule).safe]


@pytest.mark.parametrize(
    ("ports", "found"),
    [
        ([{}], [{}]),
        ([{"protocol": "tcp"}], [{"protocol": ["tcp"]}]),
        ([{"port": 5}], [{"protocol": ["tcp", "udp"], "port": [5]}]),
        ([{"protocol": "icmp"}], [{"protocol": ["icmp", "icmpv6"]}]),
        (
            [{"protocol": "tcp", "port": 5, "endPort": 9}, {"protocol": "tcp", "port": 1}],
            [{"protocol": ["tcp"], "port": ["5-9", 1]}],
        ),
        ([{"protocol": "tcp", "port": 5}, {"protocol": "tcp"}], [{"protocol": ["tcp"]}]),
        (
            [{"protocol": "tcp", "port": 5}, {"protocol": "udp", "port": 6}],
            [{"protocol": ["tcp"], "port": [5]}, {"protocol": ["udp"], "port": [6]}],
        ),
        ([{"protocol": "tcp", "port": 5}, {}], [{}]),
    ],
)
def test_port_selectors(ports, found):
    assert matches({"ports": ports}) == found


def test_a_peer_with_exceptions_has_its_own_rule():
    plain, with_holes = allow(
        {"to": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}, {"cidr": "::ffff:1.2.3.4"}]}
    ).safe
    assert plain["match"] == {"ip": ["1.2.3.4/32"]}
    assert with_holes["match"] == {"ip": ["10.0.0.0/8"]}
    assert with_holes["unless"] == {"ip": ["10.1.0.0/16"]}


def test_an_allow_beside_an_open_default_needs_no_rule():
    _, items = made({"egress": {"default": "allow", "allow": [{}], "deny": [{"ports": [{"protocol": "tcp"}]}]}})
    assert not items["network.egress.allow.0"].safe
    assert items["network.egress.deny.0"].safe[0]["action"] == "deny"


def test_nothing_said_is_nothing_allowed():
    defaults, _ = made({})
    assert defaults == {"network": "deny", "net.bind": "deny", "net.listen": "deny", "net.accept": "deny"}


def test_a_proxy_is_spared_by_the_closed_loopback():
    _, items = made({}, runtimeConfig={"networkProxy": "http://localhost:8080"})
    endpoint = {"ip": ["127.0.0.1", "::1"], "port": [8080], "protocol": ["tcp"]}
    assert items["network.ingress.hostLoopback"].safe[0]["unless"] == endpoint
    assert items["proxy"].safe[0]["match"] == endpoint


def test_places_are_those_of_the_rules():
    text = '{"version": "1.0.0", "process": {"commandLine": "ls"}, "network": {\n"egress": {"allow": [{},\n{}]}}}'
    _, items = directional(read_config(text, "x"))
    assert [(item.line, item.pointer) for item in items if item.name.startswith("network.egress.allow")] == [
        (2, "/network/egress/allow/0"),
        (3, "/network/egress/allow/1"),
    ]
