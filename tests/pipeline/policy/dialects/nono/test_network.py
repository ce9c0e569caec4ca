"""Networks of nono: modes, hosts and ports."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.nono.network import CLOSED, host, host_rules, network, port_rules, profile_hosts
from pipeline.policy.dialects.nono.parts import parts


@pytest.mark.parametrize(
    ("section", "defaults"),
    [
        ({}, {}),
        ({"block": False, "open_port": [1]}, {}),
        ({"block": True}, CLOSED),
        ({"allow_domain": ["a.b"]}, CLOSED),
        ({"network_profile": "minimal"}, CLOSED),
        ({"network_profile": None}, {}),
        ({"credentials": []}, {}),
        ({"credentials": ["x"]}, CLOSED),
        ({"connect_port": [443]}, {"net.connect": "deny", "net.send": "deny"}),
        ({"deny_domain": ["a.b"]}, {}),
    ],
)
def test_modes(section, defaults):
    assert network(parts({"network": section})).defaults == defaults


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("A.example.com", ("domain", "a.example.com", 0)),
        ("*.example.com:443", ("domain", "*.example.com", 443)),
        ("10.0.0.1:80", ("ip", "10.0.0.1", 80)),
        ("::1", ("ip", "::1", 0)),
        (".example.com", None),
        ("*example.com", None),
        ("a:b", None),
        ("a:99999", None),
    ],
)
def test_hosts(text, meant):
    assert host(text) == meant


def test_rules():
    found = host_rules("h", ["a.b", "c.d:5", "1.2.3.4", "x y"], "allow", "o")
    assert [(r["id"], r["match"]) for r in found] == [
        ("h", {"domain": ["a.b"]}),
        ("h.2", {"domain": ["c.d"], "port": [5]}),
        ("h.3", {"ip": ["1.2.3.4"]}),
    ]
    assert port_rules("p", [0], ["network"], {}, "o") == ()
    assert port_rules("p", [[1, 5], 7], ["network"], {}, "o")[0]["match"] == {"port": ["1-5", 7]}
    assert profile_hosts("none") is None
