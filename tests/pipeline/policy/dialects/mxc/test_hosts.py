"""The older network as rules: hosts by address and by name, proxies, loopback."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.mxc.config import read_config
from pipeline.policy.dialects.mxc.hosts import legacy, networks


def made(network, containment="process"):
    base = {"version": "0.7.0-alpha", "process": {"commandLine": "ls"}, "containment": containment, "network": network}
    defaults, items = legacy(read_config(json.dumps(base), "x"))
    return defaults, {item.name: item for item in items}


@pytest.mark.parametrize(
    ("host", "outcome", "match"),
    [
        ("10.0.0.1/8", "exact", {"ip": ["10.0.0.0/8"]}),
        ("::ffff:10.0.0.1", "exact", {"ip": ["10.0.0.1/32"]}),
        ("localhost", "exact", {"ip": ["127.0.0.1/32", "::1/128"]}),
        ("API.Example.com", "exact", {"domain": ["api.example.com"]}),
        ("*.example.com", "narrower", None),
        ("a b", "narrower", None),
        ("", "narrower", None),
    ],
)
def test_an_allowed_host(host, outcome, match):
    item = made({"allowedHosts": [host]})[1]["network.allowedHosts.0"]
    assert item.outcome == outcome
    assert (item.safe[0]["match"] if item.safe else None) == match


def test_a_broad_allow_leaves_loopback_closed():
    assert made({"allowedHosts": ["0.0.0.0/0"]})[1]["network.allowedHosts.0"].safe[0]["unless"] == {"net": ["loopback"]}
    assert "unless" not in made({"allowedHosts": ["127.0.0.1"]})[1]["network.allowedHosts.0"].safe[0]


def test_a_name_that_is_blocked_closes_what_has_no_name():
    item = made({"defaultPolicy": "allow", "blockedHosts": ["evil.example"]})[1]["network.blockedHosts.0"]
    assert item.outcome == "wider"
    assert [rule["match"] for rule in item.safe] == [{"domain": ["evil.example"]}, {"net": ["unresolved", "private"]}]
    assert item.accepted == item.safe[:1]


def test_a_name_is_blocked_exactly_where_only_names_are_allowed():
    network = {"allowedHosts": ["a.example"], "blockedHosts": ["evil.example"]}
    assert made(network)[1]["network.blockedHosts.0"].outcome == "exact"
    network["allowedHosts"].append("10.0.0.1")
    assert made(network)[1]["network.blockedHosts.0"].outcome == "wider"


def test_what_is_blocked_and_no_host_closes_everything():
    item = made({"defaultPolicy": "allow", "blockedHosts": ["a b"]})[1]["network.blockedHosts.0"]
    assert "match" not in item.safe[0]


def test_with_a_proxy_nothing_else_is_open():
    defaults, items = made({"defaultPolicy": "allow", "proxy": {"localhost": 8080}})
    assert defaults["network"] == "deny"
    assert items["network.defaultPolicy"].outcome == "narrower"
    assert items["proxy"].safe[0]["match"]["port"] == [8080]
    assert made({"proxy": {"builtinTestServer": True}})[1]["network.proxy.builtinTestServer"].outcome == "unsupported"


@pytest.mark.parametrize(("containment", "closed"), [("process", False), ("lxc", True)])
def test_loopback_is_open_where_the_network_is_the_machines_own(containment, closed):
    assert ("network.loopback" in made({"defaultPolicy": "allow"}, containment)[1]) == closed


def test_listening_goes_with_its_own_switch():
    assert made({"allowLocalNetwork": True})[0]["net.listen"] == "allow"
    assert made({"defaultPolicy": "allow"})[0]["net.listen"] == "deny"


def test_networks_of_a_text():
    assert [str(net) for net in networks("10.1.2.3/8")] == ["10.0.0.0/8"]
    assert networks("fe80::1%eth0") == []
    assert networks("10.0.0.0/99") == []
