"""Items for the network and the unix sockets of a profile."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.nono.reader import DIALECT


def items(**data):
    return {i.name: i for i in DIALECT.read(json.dumps({"meta": {"name": "x"}, **data}), "p").items}


@pytest.mark.parametrize(
    ("network", "name", "outcome", "safe", "accepted"),
    [
        ({"allow_domain": ["a.b"]}, "network.allow_domain.0", "exact", [{"domain": ["a.b"]}], []),
        ({"allow_domain": [{"domain": "a.b", "endpoints": []}]}, "network.allow_domain.0", "wider", [], [{"domain": ["a.b"]}]),
        ({"allow_domain": ["*a.b"]}, "network.allow_domain.0", "narrower", [], []),
        ({"deny_domain": ["a.b"]}, "network.deny_domain.0", "exact", [{"domain": ["a.b"]}], []),
        ({"network_profile": "mine"}, "network.network_profile", "narrower", [], []),
        ({"credentials": ["c"]}, "network.credentials.0", "wider", [], [None]),
        ({"credentials": ["c"], "allow_domain": ["a.b"]}, "network.credentials.0", "setting", [], []),
        ({"block": True, "open_port": [5]}, "network.open_port.0", "exact", [{"net": ["loopback"], "port": [5]}], []),
        ({"block": True, "listen_port": [5]}, "network.listen_port.0", "exact", [{"port": [5]}], []),
        ({"open_port": [5]}, "network.open_port.0", "exact", [], []),
        ({"connect_port": [443]}, "network.connect_port.0", "exact", [{"port": [443]}], []),
        ({"connect_port": [443], "block": True}, "network.connect_port.0", "narrower", [], []),
        ({"block": True}, "network.block", "exact", [], []),
    ],
)  # fmt: skip
def test_entries(network, name, outcome, safe, accepted):
    item = items(network=network)[name]
    assert item.outcome == outcome
    assert [r.get("match") for r in item.safe] == safe
    assert [r.get("match") for r in item.accepted] == accepted
    assert bool(item.why) == (outcome != "exact")


def test_the_proxy_never_connects_to_link_local_addresses():
    assert items(network={"allow_domain": ["a.b"]})["network.link-local"].safe[0]["action"] == "deny"
    assert "network.link-local" not in items(network={"block": True})


def test_unix_sockets_are_mediated_on_demand():
    sockets = {"unix_socket": ["/run/a"], "unix_socket_dir_bind": ["/run/d"]}
    assert items(filesystem=sockets, linux={"af_unix_mediation": "off"})["linux"].outcome == "setting"
    connect, bind = items(filesystem=sockets, linux={"af_unix_mediation": "pathname"})["linux"].safe
    assert (connect["on"], connect["unless"]) == (["net.connect", "net.send"], {"path": ["/run/a", "/run/d/*"]})
    assert (bind["on"], bind["unless"]) == (["net.bind", "net.listen"], {"path": ["/run/d/*"]})
