"""Egress rules of an export."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.mxc.export_network import allow, deny
from pipeline.policy.load import load_policy

PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"]


def parts(text):
    policy = load_policy(f"lictor: 1\nname: p\nrules:\n- {{ id: r, on: network, action: allow, {text} }}", "p")
    return policy.rules[0].match, policy.rules[0].unless


def to(*cidrs):
    return {"to": [{"cidr": cidr} for cidr in cidrs]}


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("match: { ip: 10.0.0.0/8, port: [443, 80-90], protocol: tcp }",
         ({**to("10.0.0.0/8"), "ports": [{"protocol": "tcp", "port": 443}, {"protocol": "tcp", "port": 80, "endPort": 90}]},)),
        ("match: { port: 53 }", ({"ports": [{"protocol": "any", "port": 53}]},)),
        ("match: { ip: 10.0.0.0/8 }, unless: { ip: 10.1.0.0/16 }", ({"to": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}]},)),
        ("match: { ip: 10.1.0.0/16 }, unless: { ip: 10.0.0.0/8 }", None),
        ("match: { net: private }", (to(*PRIVATE),)),
        ("match: { net: private, ip: 10.1.0.0/16 }", (to("10.1.0.0/16"),)),
        ("match: { net: loopback }", None),
        ("match: { protocol: icmp }", ({**to("0.0.0.0/0"), "ports": [{"protocol": "icmp"}]},)),
        ("match: { protocol: sctp }", None),
        ("match: { port: 0 }", None),
        ("match: { domain: a.example }", None),
        ("match: { ip: 10.0.0.0/8, exe: /bin/x }", None),
        ("match: { ip: 10.0.0.0/8 }, unless: { port: 5 }", None),
        ("match: { net: unresolved }", None),
    ],
)  # fmt: skip
def test_an_allow_is_said_exactly_or_not_at_all(text, rules):
    found = allow(*parts(text))
    assert (found.rules if found else None) == rules


def test_external_is_everything_but():
    (rule,) = allow(*parts("match: { net: external }")).rules
    holes = {hole for peer in rule["to"] for hole in peer["except"]}
    assert [peer["cidr"] for peer in rule["to"]] == ["0.0.0.0/0", "::/0"]
    assert {*PRIVATE, "127.0.0.0/8", "::1/128"} <= holes


@pytest.mark.parametrize(
    ("text", "rules", "exact"),
    [
        ("match: { ip: 10.0.0.0/8 }", (to("10.0.0.0/8"),), True),
        ("match: { ip: 10.0.0.0/8, exe: /bin/x }", (to("10.0.0.0/8"),), False),
        ("match: { ip: 10.0.0.0/8 }, unless: { exe: /bin/x }", (to("10.0.0.0/8"),), False),
        ("match: { domain: a.example }", ({},), False),
        ("match: { protocol: sctp, ip: 10.0.0.0/8 }", (to("10.0.0.0/8"),), False),
        ("title: everything", ({},), True),
        (
            "title: but, unless: { ip: 10.0.0.0/8 }",
            ({"to": [{"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}, {"cidr": "::/0"}]},),
            True,
        ),
    ],
)
def test_a_deny_is_never_less(text, rules, exact):
    found = deny(*parts(text))
    assert (found.rules, found.exact) == (rules, exact)
    assert found.all == (rules == ({},))
