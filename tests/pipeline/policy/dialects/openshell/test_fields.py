"""The fields against the reference: names that OpenShell's records have, and no others."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.fields import POLICY
from tests.pipeline.policy.dialects.openshell_judge import endpoint, problems

TOP = {"version", "filesystem_policy", "landlock", "process", "network_policies", "network_middlewares"}
HIDDEN = ("provider_credentialed", "advisor_proposed", "json_rpc_max_body_bytes", "name")
"""Fields of OpenShell's own records that a file may not set."""


def test_the_sections():
    assert set(POLICY.fields) == TOP
    assert POLICY.needed == ()


@pytest.mark.parametrize("name", HIDDEN)
def test_what_only_the_gateway_sets_is_refused(name):
    assert "unknown key" in problems(endpoint(f"host: a.b.c, port: 1, {name}: 1"))[0][2]


def test_a_middleware_needs_its_implementation():
    assert "has no 'middleware'" in problems("version: 1\nnetwork_middlewares: {m: {order: -1}}\n")[0][2]
    assert "-2147483648" in problems("version: 1\nnetwork_middlewares: {m: {middleware: x, order: 2147483648}}\n")[0][2]
