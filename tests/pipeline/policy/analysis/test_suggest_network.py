from __future__ import annotations

import pytest

from pipeline.policy.analysis.suggest_facts import Fact
from pipeline.policy.analysis.suggest_network import Peer, example_of, key_of


def fact(**given):
    return Fact("r", "net.connect", 1, **given)


@pytest.mark.parametrize(
    ("given", "match", "text"),
    [
        ({"ip": "140.82.121.4", "port": 443}, {"ip": "140.82.121.4", "port": 443}, "140.82.121.4:443"),
        ({"ip": "2001:DB8::7", "port": 443}, {"ip": "2001:db8::7", "port": 443}, "[2001:db8::7]:443"),
        ({"ip": "::ffff:10.0.0.1", "port": 1}, {"ip": "10.0.0.1", "port": 1}, "10.0.0.1:1"), ({"ip": "fe80::1%eth0"}, {"ip": "fe80::1"}, "fe80::1"),
        ({"ip": "1.2.3.4", "port": 443, "domain": "API.Example.com."}, {"domain": "api.example.com", "port": 443}, "api.example.com:443"),
        ({"ip": "1.2.3.4", "port": 443, "domain": "no name"}, {"ip": "1.2.3.4", "port": 443}, "1.2.3.4:443"),
        ({"ip": "127.0.0.1", "port": 5432}, {"ip": "127.0.0.1", "port": 5432}, "127.0.0.1:5432"),
        ({"ip": "::1", "port": 45123}, {"net": "loopback", "port": "32768-65535"}, "loopback:32768-65535"),
    ],
)  # fmt: skip
def test_peers(given, match, text):
    peer = Peer(key_of(fact(**given)))
    assert (peer.match(), peer.text) == (match, text)


def test_what_has_no_address_has_no_peer():
    assert [key_of(fact()), key_of(fact(ip="what"))] == [None, None]


def test_examples():
    assert example_of(fact(ip="1.2.3.4", port=1, domain="A.example")) == {
        "on": "net.connect",
        "dst_ip": "1.2.3.4",
        "dst_port": 1,
        "domain": "a.example",
    }
    assert example_of(fact(ip="1.2.3.4")) == {"on": "net.connect", "dst_ip": "1.2.3.4"}
