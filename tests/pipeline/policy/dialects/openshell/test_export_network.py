"""Rules on connections as endpoints."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.addresses import BLOCKED
from pipeline.policy.dialects.openshell.export_network import draw
from pipeline.policy.load import load_policy


def drawn(match, more="", on="net.connect"):
    text = f"lictor: 1\nname: t\nrules:\n  - {{id: a, on: {on}, match: {match}, action: allow{more}}}\n"
    return draw(load_policy(text, "t").rules[0])


def test_names_and_addresses():
    assert drawn("{domain: [a.org, '*.b.org'], port: 443, protocol: tcp}").endpoints == [
        {"host": "a.org", "port": 443},
        {"host": "**.b.org", "port": 443},
    ]
    assert drawn("{ip: [10.0.0.1, 10.0.0.0/8], port: [1, 2], protocol: tcp}").endpoints == [
        {"host": "10.0.0.1", "ports": [1, 2]},
        {"ports": [1, 2], "allowed_ips": ["10.0.0.0/8"]},
    ]
    assert drawn("{domain: a.org, ip: 10.0.0.0/8, port: 1, protocol: tcp}").endpoints == [
        {"host": "a.org", "port": 1, "allowed_ips": ["10.0.0.0/8"]}
    ]


@pytest.mark.parametrize(
    ("match", "on"),
    [
        ("{domain: a.org, port: 443, protocol: tcp}", "net.connect"),
        ("{ip: 10.0.0.1, port: 443}", "net.connect"),
        ("{ip: 10.0.0.1, port: 443, protocol: tcp}", "network"),
        ("{ip: 10.0.0.1, port: [443, 6443], protocol: tcp}", "net.connect"),
        ("{ip: [10.0.0.1, 127.0.0.1], port: 443, protocol: tcp}", "net.connect"),
        ("{domain: [a.org, '*.org'], port: 443, protocol: tcp}", "net.connect"),
    ],
)
def test_what_becomes_less(match, on):
    found = drawn(match, on=on)
    assert found.endpoints
    assert found.less
    assert not found.more


def test_the_exceptions_that_openshell_makes_anyway_are_exact():
    same = f", unless: {{ip: {list(BLOCKED)}}}"
    assert not drawn("{domain: a.org, port: 443, protocol: tcp}", same).less
    assert drawn("{domain: a.org, port: 443, protocol: tcp}", ", unless: {ip: 127.0.0.0/8}").less
    assert drawn("{domain: a.org, port: 443, protocol: tcp}", ", unless: {ip: 10.0.0.0/8}").nothing
    assert not drawn("{domain: '*.a.org', port: 443, protocol: tcp}", ", unless: {ip: 10.0.0.0/8}").nothing


@pytest.mark.parametrize(
    "match",
    [
        "{ip: 10.0.0.1, port: 443, user: x}",
        "{ip: 10.0.0.1}",
        "{ip: 10.0.0.1, port: '1-1000'}",
        "{port: 443}",
        "{ip: 10.0.0.1, port: 443, protocol: udp}",
        "{ip: 127.0.0.1, port: 443}",
        "{domain: '*.org', port: 443}",
        "{ip: 10.0.0.1, port: 6443}",
        "{ip: 10.0.0.1, port: 443, exe: ~/x}",
        "{domain: a.org, ip: 127.0.0.1, port: 443}",
    ],
)
def test_what_cannot_be_written(match):
    assert drawn(match).nothing


def test_programs_are_more_since_what_they_start_counts():
    found = drawn("{ip: 10.0.0.1, port: 443, protocol: tcp, exe: [/usr/bin/git, '/opt/**/*', '**/{a,b}']}")
    assert found.binaries == ["/usr/bin/git", "/opt/**"]
    assert found.more
    assert found.less
    everyone = drawn("{ip: 10.0.0.1, port: 443, protocol: tcp, exe: '/**'}")
    assert (everyone.binaries, everyone.more) == (["/**"], [])


def test_a_day_on_which_it_ends_is_more():
    assert drawn("{ip: 10.0.0.1, port: 443, protocol: tcp}", ", expires: 2099-01-01").more
