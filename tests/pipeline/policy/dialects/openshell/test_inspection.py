"""What is decided inside connections, and what that means for allowing them whole."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.inspection import audited, disputed, hidden, restricts
from pipeline.policy.dialects.openshell.overlaps import Endpoint


def made(policy="p", **data):
    return Endpoint(policy, ("network_policies", policy, "endpoints", 0), {"host": "a.b.c", "port": 1, **data})


ENFORCED = {"protocol": "rest", "enforcement": "enforce"}


@pytest.mark.parametrize(
    "data",
    [
        {**ENFORCED, "access": "read-only"},
        {**ENFORCED, "access": "unheard-of"},
        {**ENFORCED, "access": "full", "path": "/x"},
        {**ENFORCED, "access": "full", "deny_rules": [{"method": "GET"}]},
        {**ENFORCED, "rules": [{"allow": {"method": "*", "path": "/x"}}]},
        {"protocol": "mcp", "enforcement": "enforce", "mcp": {"allow_all_known_mcp_methods": True}},
        {"protocol": "rest", "access": "full", "path": "/x"},
        {"protocol": "sql", "access": "full"},
    ],
)
def test_what_restricts(data):
    assert restricts(made(**data))
    assert hidden(made(**data), [], {})


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"protocol": "tcp"},
        {**ENFORCED, "access": "full"},
        {**ENFORCED, "access": "full", "path": "/**"},
        {**ENFORCED, "rules": [{"allow": {"method": "GET"}}, {"allow": {"method": "*", "path": "**"}}]},
        {"protocol": "rest", "access": "read-only"},
        {"protocol": "rest", "access": "read-only", "enforcement": "Enforce", "deny_rules": [{"method": "GET"}]},
    ],
)
def test_what_lets_every_request_through(data):
    assert not restricts(made(**data))
    assert not hidden(made(**data), [], {})


def test_audit_is_the_default_and_about_requests_only():
    assert audited(made(protocol="rest"))
    assert not audited(made(**ENFORCED))
    assert not audited(made())


def test_neighbours_and_middlewares_hide_too():
    plain, strict = made(), made("q", **ENFORCED, access="read-only")
    assert "'q' (endpoint 0)" in hidden(plain, [plain, strict], {})[0]
    assert not hidden(plain, [plain, made("q", **ENFORCED, access="read-only", port=2)], {})
    assert hidden(plain, [made("q", protocol="rest", access="full", deny_rules=[{"method": "GET"}])], {})
    seen = {"m": {"endpoints": {"include": ["*.b.c"]}}}
    assert "middleware m" in hidden(plain, [], seen)[0]
    assert "middleware m" in hidden(made(host="", allowed_ips=["10.0.0.0/8"]), [], seen)[0]
    assert not hidden(made(host="x.y"), [], seen)


def test_rules_without_a_protocol_are_not_taken_for_granted():
    assert hidden(made(rules=[{"allow": {"method": "GET"}}]), [], {})


def test_endpoints_that_disagree():
    left, right, other = made(), made(tls="skip"), made(port=2)
    assert disputed([left, right, other]) == {id(left), id(right)}
