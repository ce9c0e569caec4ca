"""Endpoints that contradict each other; the verdicts are those of OpenShell's own code, asked once."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.overlaps import Endpoint, conflicts, endpoints, speaks_graphql
from tests.pipeline.policy.dialects.openshell_judge import problems


def two(left, right):
    return f"version: 1\nnetwork_policies:\n  p: {{endpoints: [{{{left}}}]}}\n  q: {{endpoints: [{{{right}}}]}}\n"


REST = "host: a.b.c, port: 1, protocol: rest, access: full"
TAKEN = [
    two("host: a.b.c, port: 1", "host: a.b.c, port: 2, tls: skip"),
    two("host: a.b.c, port: 1", "host: x.b.c, port: 1, tls: skip"),
    two(REST, "host: a.b.c, port: 1"),
    two(REST, f"{REST}, enforcement: audit"),
    two(f"{REST}, path: /x", f"{REST}, path: /yy, enforcement: enforce"),
]
REFUSED = {
    two("host: a.b.c, port: 1", "host: '*.b.c', ports: [1, 2], tls: skip"): "tls",
    two("host: a.b.c, port: 1", "port: 1, allowed_ips: [10.0.0.0/8]"): "allowed_ips",
    two("host: a.b.c, port: 1", "host: a.b.c, port: 1, protocol: tcp"): "protocol tcp",
    two(REST, f"{REST}, enforcement: enforce"): "enforcement",
    two(REST, "host: a.b.c, port: 1, protocol: graphql, access: full"): "protocol",
    two(REST, f"{REST}, credential_binding: {{provider: p}}"): "credential_binding",
    two(f"{REST}, path: /x*", f"{REST}, path: /*x, allow_encoded_slash: true"): "allow_encoded_slash",
}


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken(text):
    assert problems(text) == []


@pytest.mark.parametrize(("text", "field"), REFUSED.items())
def test_what_is_refused(text, field):
    ((line, _, message),) = problems(text)
    assert line == 4
    assert message == f"covers the same traffic as an endpoint of 'p' (endpoint 0) but differs in {field}"


def test_without_version_nobody_looks():
    assert problems(next(iter(REFUSED)).removeprefix("version: 1\n")) == []


def made(**data):
    return Endpoint("p", (), {"host": "a.b.c", "port": 1, **data})


@pytest.mark.parametrize(
    ("protocol", "left", "right"),
    [
        ("mcp", {"mcp": {"strict_tool_names": False}}, {}),
        ("mcp", {"mcp": {"max_body_bytes": 5}}, {"mcp": {"max_body_bytes": 65536}}),
        ("json-rpc", {"json_rpc": {"max_body_bytes": 5}}, {}),
        ("graphql", {"graphql_max_body_bytes": 5}, {}),
        ("websocket", {"persisted_queries": "allow_registered"}, {}),
    ],
)
def test_what_only_endpoints_of_one_protocol_disagree_on(protocol, left, right):
    assert len(list(conflicts([made(protocol=protocol, **left), made(protocol=protocol, **right)]))) == 1
    assert not list(conflicts([made(protocol=protocol, **left), made(protocol=protocol, **left)]))


def test_ports_and_protocols():
    assert made(ports=[2, 3]).ports == (2, 3)
    assert made(port=0).ports == ()
    assert (made(protocol="TCP").protocol, made(protocol="REST").protocol) == ("", "rest")


def test_endpoints_are_found_with_their_places():
    found = endpoints({"network_policies": {"k": {"endpoints": [{"host": "a"}, {"host": "b"}]}}})
    assert [e.here for e in found] == [("network_policies", "k", "endpoints", i) for i in (0, 1)]


def test_graphql_rules_are_noticed():
    assert speaks_graphql(made(rules=[{"allow": {"operation_type": "query"}}]))
    assert not speaks_graphql(made(rules=[{"allow": {"method": "GET"}}], persisted_queries="deny"))
