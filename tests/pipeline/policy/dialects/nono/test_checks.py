"""What nono refuses in a profile or manifest of the right shape."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.json_places import read_json
from pipeline.policy.dialects.nono.checks import manifest_problems, profile_problems


def found(check, data):
    return " | ".join(p.message for p in check(read_json(json.dumps(data), "p")))


def credential(**keys):
    return {"network": {"custom_credentials": {"c": {"upstream": "https://a.b", "credential_key": "k", **keys}}}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"meta": {}}, "'name' is missing (/meta)"),
        ({"extends": "-x"}, "'-x' is no name"),
        ({"extends": ["default", ""]}, "'' is no name"),
        ({"filesystem": {"read": [{"path": "/a", "when": "linux:"}]}}, "/filesystem/read/0/when"),
        ({"groups": {"exclude": ["deny_credentials"]}}, "is required"),
        ({"groups": {"exclude": [{"name": "deny_macos_private"}]}}, "is required"),
        ({"policy": {"exclude_groups": ["deny_shell_history"]}}, "/policy/exclude_groups/0"),
        (credential(auth={}), "exactly one"),
        (credential(credential_key=None), "exactly one"),
        (credential(credential_key="a-b"), "letters, digits"),
        (credential(credential_key="op://a/b"), "'env_var' is missing"),
        (credential(env_var="a-b"), "'env_var' is letters"),
        (credential(upstream="http://a.b"), "must be https"),
        (credential(upstream="http://127.0.0.1.evil.com"), "must be https"),
        (credential(inject_header="a b"), "no name of a header"),
        (credential(inject_mode="url_path"), "'path_pattern'"),
        (credential(inject_mode="query_param"), "'query_param_name'"),
        ({"network": {"tls_intercept": {"ca_validity": "0h"}}}, "a duration"),
        ({"environment": {"set_vars": {"PATH": "x"}}}, "cannot be set"),
        ({"environment": {"set_vars": {"NONO_X": "x"}}}, "cannot be set"),
        ({"commands": {"deny": ["gh"]}, "command_policies": {"commands": {"gh": {}}}}, "commands.deny as well"),
        ({"platform_overrides": {"macos": {"extends": "_"}}}, "/platform_overrides/macos/extends"),
    ],
)
def test_profiles(data, message):
    assert message in found(profile_problems, data)


@pytest.mark.parametrize(
    "data",
    [
        {"meta": {"name": "x"}, "extends": ["default", "team/pack"], "groups": {"exclude": ["dangerous_commands", "unknown"]}},
        credential(upstream="http://localhost:8080/x"),
        credential(credential_key="env://X"),
        {"network": {"tls_intercept": {"ca_validity": "24h"}}},
    ],
)  # fmt: skip
def test_profiles_that_are_fine(data):
    assert found(profile_problems, data) == ""


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"rollback": {"enabled": True}}, "supervised"),
        ({"resources": {"memory_bytes": 1}}, "supervised"),
        ({"filesystem": {"grants": [{"path": "", "access": "read"}]}}, "'path' is empty"),
        ({"credentials": [{"name": "a", "upstream": "u", "source": "op://x"}]}, "'env_var'"),
        ({"credentials": [{"name": "a", "upstream": "u", "source": "x", "inject": {"mode": "url_path"}}]}, "'path_pattern'"),
        ({"credentials": [{"name": "a", "upstream": "u", "source": "x", "inject": {"mode": "query_param"}}]}, "'query_param_name'"),
    ],
)  # fmt: skip
def test_manifests(data, message):
    assert message in found(manifest_problems, {"version": "0.1.0", **data})
    assert found(manifest_problems, {"version": "0.1.0", "process": {"exec_strategy": "supervised"}, "rollback": {"enabled": True}}) == ""  # fmt: skip
