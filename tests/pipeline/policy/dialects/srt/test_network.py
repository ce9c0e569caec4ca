"""Rules about the network, case by case; hosts are held against srt at random in test_srt.py."""

from __future__ import annotations

import ipaddress
import json

import pytest

from pipeline.policy.dialects.srt.network import NEVER_RESOLVED, target
from pipeline.policy.dialects.srt.reader import DIALECT
from tests.pipeline.policy.dialects.verdict_judge import Judge, outcomes


def read(**network):
    network = {"allowedDomains": [], "deniedDomains": [], **network}
    files = {"denyRead": [], "allowWrite": [], "denyWrite": []}
    return DIALECT.read(json.dumps({"network": network, "filesystem": files}), "s.json")


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ("A.org", {"domain": "a.org"}),
        ("*.a.org:443", {"domain": "*.a.org", "port": 443}),
        ("10.0.0.1:5432", {"ip": "10.0.0.1", "port": 5432}),
        ("[::FFFF:1.2.3.4]", {"ip": "1.2.3.4"}),
        ("[2001:db8::0:1]:80", {"ip": "2001:db8::1", "port": 80}),
        ("*:22", {"port": 22}),
        ("*", {}),
        ("日本.jp", None),
        ("a b.c", None),
    ],
)
def test_targets(entry, match):
    found, why = target(entry)
    assert found == match
    assert bool(why) == (match is None)


def test_addresses_and_ports():
    judge = Judge(read(allowedDomains=["10.0.0.1:5432", "a.org:443", "[::1]"], deniedDomains=["*:22"]))
    assert judge.connect(ip="10.0.0.1", port=5432) == judge.connect("a.org", port=443) == "allow"
    assert judge.connect(ip="::1", port=1) == "allow"
    assert judge.connect(ip="10.0.0.1") == judge.connect("a.org", port=80) == judge.connect(ip="::1", port=22) == "deny"


@pytest.mark.parametrize(
    "ip", ["127.0.0.1", "169.254.169.254", "::1", "fe80::1", "64:ff9b::7f00:1", "2002:7f00:1::", "10.9.9.9"]
)
def test_an_allowed_name_does_not_lead_to_this_machine_or_what_is_listed(ip):
    judge = Judge(read(allowedDomains=["a.org", "10.9.9.8"], deniedResolvedAddresses=["10.9.0.1/16"]))
    assert judge.connect("a.org", ip=ip) == "deny"
    assert judge.connect("a.org") == judge.connect("a.org", ip="10.9.9.8") == "allow"


def test_the_addresses_are_networks():
    assert all(ipaddress.ip_network(n) for n in NEVER_RESOLVED)


def test_reasons_stand_in_the_rules():
    found = read(deniedDomains=["a.org:22"], deniedDomainReasons={"a.org:22": "use\nhttps"})
    assert [r["because"] for r in found.document()["rules"] if "because" in r] == ["use https"]


def test_unix_sockets():
    assert Judge(read())("net.connect", "/run/x", protocol="unix") == "deny"
    assert Judge(read(allowAllUnixSockets=True))("net.connect", "/run/x", protocol="unix") == "allow"
    found = read(allowUnixSockets=["/run", "../x", ""])
    assert [outcomes(found)[f"srt-allowUnixSockets-{i}"] for i in range(3)] == ["wider", "narrower", "narrower"]
    judge = Judge(found, frozenset({"srt-allowUnixSockets-0"}))
    assert judge("net.connect", "/run/x", protocol="unix") == "allow"
    assert judge("net.connect", "/tmp/x", protocol="unix") == "deny"
    assert judge("net.connect", protocol="unix") == "deny"


def test_local_ports():
    found = read(allowLocalBinding=True)
    assert Judge(found)("net.bind", src_ip="127.0.0.1", src_port=9) == "allow"
    assert Judge(found)("net.bind", src_ip="10.0.0.1", src_port=9) == "deny"
    assert outcomes(read(allowLocalBinding=False))["srt-allowLocalBinding"] == "exact"


def test_names_that_srt_never_matches_allow_nothing():
    assert outcomes(read(allowedDomains=["日本.jp", "a b.c"], deniedDomains=["a b.c"])) | {} == {
        **outcomes(read()),
        "srt-allowedDomains-0": "exact",
        "srt-allowedDomains-1": "narrower",
        "srt-deniedDomains-0": "unsupported",
    }
