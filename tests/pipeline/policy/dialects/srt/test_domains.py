"""Entries of domain lists; srt is the judge of what they match, its schema of what is taken (see test_srt.py)."""

from __future__ import annotations

import ipaddress

import pytest

from pipeline.policy.dialects.srt.domains import (
    address_range,
    allowed_domain,
    covers,
    denied_domain,
    domain,
    is_pattern,
    matches,
    split_range,
)
from pipeline.policy.dialects.srt.hosts import split_port
from tests.pipeline.policy.dialects.srt_judge import ask

HOSTS = ["a.org", "x.a.org", "org", "1.2.3.4", "::1", "x.1.2.3.4"]
PATTERNS = ["a.org", "*.a.org", "*.org", "1.2.3.4", "[::1]", "*.3.4", "*", "A.ORG"]


def test_hosts_match_as_by_srt():
    asked = [(h, p) for h in HOSTS for p in PATTERNS]
    theirs = ask([("matches", [h, 443, p]) for h, p in asked])
    assert [matches(h, split_port(p)[0].lower()) for h, p in asked] == theirs


@pytest.mark.parametrize("value", ["a.b", "*.a.b", "localhost", "::1", "a_b.c", "1.2.3.4"])
def test_patterns(value):
    assert is_pattern(value)
    assert not domain(value)


@pytest.mark.parametrize("value", ["*", "*.com", "*a.b", ".a", "a.", "a", "a/b.c", "a:1.b", "*.a..b"])
def test_what_is_no_pattern_says_why(value):
    assert not is_pattern(value)
    assert "example.com" in domain(value)


def test_ports_and_everything():
    assert not allowed_domain("a.b:443")
    assert allowed_domain("a.b:0")
    assert allowed_domain("*:22")
    assert not denied_domain("*:22")
    assert not denied_domain("*")
    assert denied_domain("::1")


def test_networks():
    assert split_range("10.1.2.3/8") == ("10.1.2.3", 8)
    assert split_range("::ffff:10.0.0.0/104") == ("10.0.0.0", 8)
    assert split_range("::ffff:10.0.0.0/64") is None
    assert [bool(address_range(v)) for v in ("fc00::/7", "::1", "10.0.0.0/33", "x", "fe80::1%e/64")] == [0, 0, 1, 1, 0]
    address, prefix = split_range("fc00::/7")
    assert ipaddress.ip_network(f"{address}/{prefix}")


def test_what_covers_what():
    assert covers("x.a.org", ["*.a.org:443"])
    assert covers("*.x.a.org", ["*.a.org"])
    assert covers("*.a.org", ["*.A.org"])
    assert not covers("*.a.org", ["a.org", "*.x.a.org"])
    assert not covers("a.org", ["*.a.org"])
