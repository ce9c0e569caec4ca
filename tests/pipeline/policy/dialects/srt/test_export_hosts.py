"""Parts of rules about the network; whole rules are in test_srt_export_rules.py."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.srt.export_hosts import allowed_hosts, denied_hosts
from pipeline.policy.dialects.srt.export_lists import Lists
from pipeline.policy.load import load_policy
from pipeline.policy.text import to_yaml


def made(match, action, **more):
    rule = {"id": "r", "on": ["net.connect"], "match": match, "action": action, **more}
    policy = load_policy(to_yaml({"lictor": 1, "name": "p", "defaults": {"network": "deny"}, "rules": [rule]}), "p")
    lists = Lists()
    parts = denied_hosts if action == "deny" else lambda r, into: allowed_hosts(policy, r, into, accepted=False)
    return {outcome for outcome, _ in parts(policy.rules[0], lists)}, lists


@pytest.mark.parametrize(
    ("match", "outcome", "lists"),
    [
        ({"domain": "a.org", "port": 443}, {"exact"}, {"allowed_domains": ["a.org:443"]}),
        ({"ip": "10.0.0.0/8"}, {"narrower"}, {"allowed_domains": []}),
        ({"net": "private"}, {"narrower"}, {}),
        ({"net": "loopback"}, {"wider"}, {"local_binding": False}),
        ({"path": "/run/**"}, {"narrower"}, {"sockets": ["/run"]}),
        ({"protocol": "udp", "domain": "a.org"}, {"narrower"}, {"allowed_domains": []}),
        ({"domain": "a.org", "exe": "/x"}, {"wider"}, {"allowed_domains": []}),
    ],
)
def test_allows(match, outcome, lists):
    found, into = made(match, "allow")
    assert found == outcome
    for key, value in lists.items():
        assert getattr(into, key) == value


@pytest.mark.parametrize(
    ("match", "outcome", "lists"),
    [
        ({"domain": "*.com"}, {"exact"}, {"denied_domains": [], "denied_names": ["*.com"]}),
        ({"domain": ["a.org"], "ip": ["10.0.0.0/8"]}, {"narrower", "exact"}, {"denied_addresses": ["10.0.0.0/8"]}),
        ({"ip": "10.0.0.0/8"}, {"exact"}, {"denied_addresses": ["10.0.0.0/8"], "denied_networks": ["10.0.0.0/8"]}),
        ({"net": "loopback"}, {"exact"}, {"no_binding": True}),
        ({"protocol": "unix"}, {"exact"}, {"no_sockets": True}),
        ({"path": "/run/x"}, {"narrower"}, {"no_sockets": True}),
        ({"protocol": "udp"}, {"exact"}, {"denied_domains": []}),
        ({"port": "1-65535"}, {"narrower"}, {"denied_domains": ["*"]}),
    ],
)
def test_denies(match, outcome, lists):
    found, into = made(match, "deny")
    assert found == outcome
    for key, value in lists.items():
        assert getattr(into, key) == value
