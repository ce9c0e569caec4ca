"""Addresses: what is one, what is never reached."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from pipeline.policy.dialects.openshell.addresses import (
    BLOCKED,
    INTERNAL,
    address,
    as_written,
    is_blocked,
    network,
)


@pytest.mark.parametrize("text", ["10.0.0.1", "10.0.0.1/8", "::1", "2001:db8::/32", "::ffff:1.2.3.4"])
def test_networks(text):
    assert network(text) == ip_network(text, strict=False)


@pytest.mark.parametrize("text", ["", "a.b", "010.0.0.1", "10.0.0.1/33", "10.0.0.0/255.0.0.0", "fe80::1%eth0", "1.2.3"])
def test_what_is_none(text):
    assert network(text) is None


@pytest.mark.parametrize(
    ("host", "found"),
    [("10.0.0.1", "10.0.0.1"), ("[::1]", "::1"), ("::1", "::1"), ("10.0.0.0/8", None), ("a.b", None), ("[a]", None)],
)
def test_hosts_that_are_addresses(host, found):
    assert address(host) == found


@pytest.mark.parametrize(
    ("text", "blocked"),
    [
        ("127.0.0.1", True), ("126.0.0.0/7", True), ("169.254.0.0/15", True), ("0.0.0.0/0", True), ("0.0.0.0", True),
        ("10.0.0.0/8", False), ("172.0.0.0/8", False), ("::1", True), ("::/0", True), ("fe80::1", True),
        ("fc00::/7", False), ("::ffff:127.0.0.1", True), ("::ffff:168.0.0.0/103", True), ("::ffff:10.0.0.1", False),
    ],
)  # fmt: skip
def test_networks_that_hold_what_is_never_reached(text, blocked):
    assert is_blocked(network(text)) == blocked


def test_ipv4_inside_ipv6_is_written_as_ipv4():
    assert as_written(network("::ffff:10.0.0.0/104")) == "10.0.0.0/8"
    assert as_written(network("2001:db8::5")) == "2001:db8::5/128"


@pytest.mark.parametrize("ip", ["10.1.1.1", "100.64.0.1", "192.168.1.1", "198.18.0.1", "fd00::1", "255.255.255.255"])
def test_internal_addresses(ip):
    def inside(nets):
        return any(ip_address(ip) in ip_network(n) for n in nets)

    assert inside(INTERNAL)
    assert not inside(BLOCKED)
