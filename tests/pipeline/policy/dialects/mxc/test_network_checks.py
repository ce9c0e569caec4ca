"""The two forms of the network, each rule against the runner."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.mxc import network_checks as mxc_network_checks
from pipeline.policy.dialects.mxc.config import read_config
from tests.pipeline.policy.dialects.mxc_judge import accepts

NEW = {"version": "0.8.0-alpha", "containment": "lxc", "process": {"commandLine": "ls"}}
OLD = {**NEW, "version": "0.7.0-alpha"}
NONE = {"containment": "lxc", "process": {"commandLine": "ls"}}
WINDOWS = {**NEW, "containment": "processcontainer"}
SESSION = {**NEW, "version": "1.0.0", "containment": "isolation_session"}
OPEN = {"egress": {"default": "allow"}, "ingress": {"default": "allow", "hostLoopback": "allow"}}


def rule(**parts):
    return {"network": {"egress": {"allow": [parts]}}}


def proxy(url="http://127.0.0.1:9", **network):
    return {"runtimeConfig": {"networkProxy": url}, **({"network": network} if network else {})}


def peer(name):
    return {"processContainer": {"network": {"allowedProxyPeer": name}}}


CASES = [
    (NEW, {"network": {}}, ""),
    (NEW, {"network": {"defaultPolicy": "block", "egress": {}}}, "do not mix"),
    (WINDOWS, {"network": {"defaultPolicy": "block"}, **peer("x")}, "do not mix"),
    (WINDOWS, {"network": {"defaultPolicy": "block"}, **peer(" ")}, ""),
    (OLD, {"network": {"egress": {}}}, "0.8 or later"),
    (OLD, {"network": {"egress": None}}, "0.8 or later"),
    (OLD, {"runtimeConfig": None}, "0.8 or later"),
    (NONE, {"network": {"ingress": {}}}, "0.8 or later"),
    (NONE, {"network": {"defaultPolicy": "allow"}}, ""),
    ({**NONE, "version": ""}, {"network": {"egress": None}}, ""),
    ({**NONE, "version": ""}, {"network": {"egress": {}}}, "0.8 or later"),
    (NEW, rule(to=[]), "at least one"),
    (NEW, rule(ports=[]), "at least one"),
    (NEW, rule(), ""),
    (NEW, rule(to=[{"cidr": "10.0.0.1/8"}]), "not a network"),
    (NEW, rule(to=[{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}]), ""),
    (NEW, rule(to=[{"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}]), "not within"),
    (NEW, rule(to=[{"cidr": "10.0.0.0/8", "except": ["::/0"]}]), "not within"),
    (NEW, rule(to=[{"cidr": "10.0.0.0/8", "except": ["x"]}]), "not a network"),
    (NEW, rule(ports=[{"port": 0}]), "1 to 65535"),
    (NEW, rule(ports=[{"endPort": 5}]), "needs 'port'"),
    (NEW, rule(ports=[{"port": 6, "endPort": 5}]), "below"),
    (NEW, rule(ports=[{"port": 5, "endPort": 5}]), ""),
    (NEW, rule(ports=[{"protocol": "icmp", "port": 5}]), "icmp"),
    (WINDOWS, proxy(), "ingress.default"),
    ({**NEW, "containment": "seatbelt"}, proxy(egress={"default": "allow"}), "egress.default"),
    ({**NEW, "containment": "seatbelt"}, proxy(url="http://a.example:9"), "localhost"),
    ({**NEW, "containment": "seatbelt"}, proxy(ingress={"default": "allow"}), ""),
    (
        {**NEW, "version": "1.0.0", "containment": "wslc"},
        proxy(url="http://a.example:9", egress={"default": "allow"}),
        "",
    ),
    (WINDOWS, proxy(ingress={"default": "allow", "hostLoopback": "allow"}), ""),
    (WINDOWS, {**proxy(ingress={"default": "allow", "hostLoopback": "allow"}), **peer("x")}, "hostLoopback"),
    (WINDOWS, {**proxy(ingress={"default": "allow"}), **peer("x")}, ""),
    (WINDOWS, peer("x"), "needs runtimeConfig"),
    (WINDOWS, peer("mxc-LOOPBACK"), "reserved"),
    ({**WINDOWS, "version": "1.0.0"}, peer("\u00a0"), "blank"),
    (SESSION, {"network": OPEN}, ""),
    (SESSION, {}, "isolation session"),
    (SESSION, {"network": {**OPEN, "egress": {"default": "allow", "deny": []}}}, "isolation session"),
    ({**OLD, "containment": "wslc"}, {"network": {"blockedHosts": ["a"], "defaultPolicy": "allow"}}, "filter hosts"),
    ({**OLD, "containment": "wslc"}, {"network": {"allowLocalNetwork": True}}, "portMappings"),
]


@pytest.mark.parametrize(("base", "extra", "reason"), CASES)
def test_the_reason_is_told_where_the_runner_refuses(base, extra, reason):
    text = json.dumps({**base, **extra})
    config = read_config(text, "x")
    mxc_network_checks.check(config)
    said = "; ".join(p.message for p in config.problems)
    assert bool(said) == bool(reason), said
    assert reason in said
    assert accepts(text) is not bool(reason)


def test_an_empty_network_has_the_form_of_its_version():
    assert mxc_network_checks.is_legacy(read_config(json.dumps(OLD), "x"))
    assert not mxc_network_checks.is_legacy(read_config(json.dumps(NEW), "x"))
