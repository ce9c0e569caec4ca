"""What an administrator leaves to choose."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.codex.reader import DIALECT
from pipeline.policy.dialects.codex.requirements import widest
from tests.pipeline.policy.dialects.verdict_judge import HOME, WORKSPACE, Judge, outcomes


def read(text):
    return DIALECT.read(text, "/etc/codex/requirements.toml")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, ("danger-full-access", "on-request")),
        ({"allowed_sandbox_modes": ["read-only", "workspace-write"]}, ("workspace-write", "on-request")),
        ({"allowed_sandbox_modes": ["read-only"], "allowed_approval_policies": ["never"]}, ("read-only", "never")),
        ({"allowed_approval_policies": ["untrusted"]}, ("danger-full-access", "untrusted")),
        ({"allowed_sandbox_modes": []}, ("read-only", "on-request")),
    ],
)
def test_the_widest_choice(data, expected):
    assert widest(data) == expected


TEXT = """\
allowed_sandbox_modes = ["read-only", "workspace-write"]
allowed_approval_policies = ["never"]
[permissions.filesystem]
deny_read = ["~/.ssh", "/etc/secret/**/*.key"]
[rules]
prefix_rules = [
  { pattern = [{ token = "git" }, { any_of = ["push", "fetch"] }], decision = "prompt", justification = "ask first" },
  { pattern = [{ token = "rm" }], decision = "forbidden" },
  { pattern = [{ token = "ls" }], decision = "allow" },
  { pattern = "x", decision = "forbidden" },
]
[mcp_servers.x]
[features]
"""


def test_verdicts():
    judge = Judge(read(TEXT))
    assert judge("file.read", f"{HOME}/.ssh/id") == judge("file.read", "/etc/secret/a/b.key") == "deny"
    assert judge("file.read", "/etc/secret/a") == judge("file.write", f"{WORKSPACE}/x") == "allow"
    assert judge("file.write", "/etc/x") == judge.connect("a.org") == "deny"
    assert judge("exec", "/usr/bin/git", argv="git push x") == judge("exec", "/usr/bin/git", argv="git fetch") == "ask"
    assert judge("exec", "/usr/bin/git", argv="git pushx") == judge("exec", "/usr/bin/ls", argv="ls") == "allow"
    assert judge("exec", "/usr/bin/rm", argv="rm x") == "deny"


def test_outcomes():
    found = outcomes(read(TEXT))
    rules = [found[f"codex-rules-prefix_rules-{i}"] for i in range(4)]
    assert rules == ["narrower", "narrower", "exact", "unsupported"]
    assert (found["codex-mcp_servers"], found["codex-features"]) == ("unsupported", "setting")
    assert (
        outcomes(read('[allowed_permission_profiles]\n":workspace" = true'))["codex-allowed_permission_profiles"]
        == "narrower"
    )


def test_profiles_that_are_not_in_the_file_allow_nothing():
    judge = Judge(read('[allowed_permission_profiles]\n":workspace" = true'))
    assert judge.stops("file.write", f"{WORKSPACE}/x")
    assert judge.stops("net.connect", dst_ip="1.1.1.1")


def test_the_experimental_network_is_named():
    assert outcomes(read("[experimental_network]\nenabled = true"))["codex-experimental_network"] == "unsupported"
