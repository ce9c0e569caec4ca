"""Items of a capability manifest."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.nono.files import DEFAULTS
from pipeline.policy.dialects.nono.network import CLOSED
from pipeline.policy.dialects.nono.reader import DIALECT


def read(**data):
    data.setdefault("process", {"exec_strategy": "monitor"})
    return DIALECT.read(json.dumps({"version": "0.1.0", **data}), "p")


@pytest.mark.parametrize(
    ("network", "defaults"),
    [({}, {}), ({"mode": "blocked"}, CLOSED), ({"mode": "proxy"}, CLOSED), ({"mode": "unrestricted", "ports": {"connect": [443]}}, {"net.connect": "deny", "net.send": "deny"})],
)  # fmt: skip
def test_defaults(network, defaults):
    assert read(network=network).head["defaults"] == DEFAULTS | defaults


@pytest.mark.parametrize(
    ("data", "name", "outcome", "count"),
    [
        ({"filesystem": {"grants": [{"path": "/a", "access": "read"}]}}, "filesystem.grants.0", "exact", 2),
        ({"filesystem": {"grants": [{"path": "$UID", "access": "read"}]}}, "filesystem.grants.0", "narrower", 0),
        ({"filesystem": {"deny": [{"path": "~/.ssh"}]}}, "filesystem.deny.0", "exact", 1),
        ({"network": {"mode": "proxy", "allow_domains": ["a.b"]}}, "network.allow_domains.0", "exact", 1),
        ({"network": {"mode": "proxy", "allow_domains": [".a.b"]}}, "network.allow_domains.0", "narrower", 0),
        ({"network": {"mode": "proxy", "allow_domains": ["a.b"], "endpoints": [{"host": "a.b:443", "rules": [{"method": "GET", "path": "/"}]}]}}, "network.allow_domains.0", "wider", 0),
        ({"network": {"mode": "proxy", "endpoints": [{"host": "a.b", "rules": [{"method": "GET", "path": "/"}]}]}}, "network.endpoints.0", "wider", 0),
        ({"network": {"mode": "proxy", "endpoints": [{"host": "a.b"}]}}, "network.endpoints.0", "exact", 1),
        ({"network": {"mode": "proxy"}}, "network", "wider", 0),
        ({"network": {"mode": "blocked", "ports": {"localhost": [5]}}}, "network.ports.localhost.0", "exact", 1),
        ({"network": {"dns": False}}, "network.dns", "narrower", 1),
        ({"process": {"blocked_commands": ["rm"]}}, "process.blocked_commands.0", "narrower", 1),
        ({"process": {"blocked_commands": ["rm"], "allowed_commands": ["rm"]}}, "process.blocked_commands.0", "narrower", 0),
        ({"process": {"signal_mode": "isolated", "exec_strategy": "direct"}}, "process.signal_mode", "unsupported", 0),
        ({"credentials": [{"name": "a", "upstream": "u", "source": "s"}]}, "credentials.0", "setting", 0),
    ],
)  # fmt: skip
def test_items(data, name, outcome, count):
    item = next(i for i in read(**data).items if i.name == name)
    assert (item.outcome, len(item.safe)) == (outcome, count)
    assert bool(item.why) == (outcome != "exact")


def test_a_manifest_has_no_groups():
    assert read().items == ()
