"""Hosts and addresses of endpoints as matches."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.addresses import BLOCKED, INTERNAL
from pipeline.policy.dialects.openshell.overlaps import Endpoint
from pipeline.policy.dialects.openshell.targets import target


def to(**data):
    return target(Endpoint("p", (), {"port": 443, **data}))


def test_names():
    found = to(host="A.example.com")
    assert found.match == {"domain": ["a.example.com"], "port": [443]}
    assert found.unless == {"ip": list(BLOCKED)}
    assert (found.wide, found.nothing, found.unsaid) == ("", "", "")


def test_all_names_below_one_are_said_exactly_only_for_two_stars():
    found = to(host="**.example.com")
    assert (found.match["domain"], found.wide) == (["*.example.com"], "")
    assert found.unless == {"ip": list(INTERNAL)}
    for host in ("*.example.com", "api-*.example.com", "*.*.example.com", "**.*.example.com"):
        assert to(host=host).match["domain"] == ["*.example.com"]
        assert to(host=host).wide


def test_allowed_addresses_replace_the_exceptions():
    found = to(host="a.example.com", allowed_ips=["10.0.0.5/8", "10.0.0.0/8", "9.9.9.9"])
    assert found.match == {"domain": ["a.example.com"], "ip": ["10.0.0.0/8", "9.9.9.9/32"], "port": [443]}
    assert found.unless == {}
    assert to(allowed_ips=["10.0.0.0/8"]).match == {"ip": ["10.0.0.0/8"], "port": [443]}


def test_addresses_as_hosts():
    assert to(host="[2001:db8::1]").match == {"ip": ["2001:db8::1/128"], "port": [443]}
    assert to(host="10.0.0.1", allowed_ips=["10.0.0.0/8"]).match["ip"] == ["10.0.0.1/32"]


@pytest.mark.parametrize(
    "data",
    [
        {"host": "127.0.0.1"},
        {"host": "10.0.0.1", "allowed_ips": ["9.0.0.0/8"]},
        {"host": "10.0.0.1", "allowed_ips": ["fc00::/7"]},
        {"host": "a.b", "allowed_ips": ["10.0.0.0/8", "nonsense"]},
        {"host": "a.b", "allowed_ips": ["0.0.0.0/0"]},
        {"host": "a.b", "port": 6443},
        {"host": ""},
        {"host": "a.b", "port": 0},
    ],
)
def test_what_openshell_never_lets_through(data):
    assert to(**data).nothing


def test_control_ports_are_taken_out_except_for_plain_wildcards():
    assert to(host="a.b", ports=[443, 10250]).match["port"] == [443]
    assert to(host="**.a.b", ports=[443, 10250]).match["port"] == [443, 10250]
    assert to(host="**.a.b", ports=[443, 10250], allowed_ips=["10.0.0.0/8"]).match["port"] == [443]


@pytest.mark.parametrize("host", ["a b", "x.*.org", "a.*", "{a}.b", "*.x_/y.org"])
def test_what_cannot_be_said(host):
    assert to(host=host).unsaid


@pytest.mark.parametrize("host", ["a.example.com.", "bücher.example"])
def test_names_that_lictor_reads_as_others_too_are_wide(host):
    assert to(host=host).wide
