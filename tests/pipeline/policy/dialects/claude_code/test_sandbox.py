"""The sandbox section."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.claude_code.reader import DIALECT
from tests.pipeline.policy.dialects.verdict_judge import HOME, WORKSPACE, Judge, outcomes


def read(filename="settings.json", permissions=None, **sandbox):
    settings = {"sandbox": {"enabled": True, **sandbox}, **({"permissions": permissions} if permissions else {})}
    return DIALECT.read(json.dumps(settings), filename)


def test_commands_write_the_working_folder_and_not_the_settings():
    judge = Judge(read(allowUnsandboxedCommands=False))
    assert judge("file.write", f"{WORKSPACE}/x") == judge("exec", "/usr/bin/make", argv="make") == "allow"
    for path in ("/etc/x", f"{HOME}/x", f"{WORKSPACE}/.claude/settings.json", f"{HOME}/.claude/settings.local.json"):
        assert judge("file.write", path) == "deny", path
    assert judge("file.write", f"{WORKSPACE}/.git/hooks/x") == judge("file.write", f"{WORKSPACE}/.bashrc") == "deny"


def test_rules_and_lists_are_joined():
    permissions = {"allow": ["Edit(//srv/x/**)", "WebFetch(domain:a.org)"], "deny": ["Read(~/.aws/**)"]}
    judge = Judge(
        read(permissions=permissions, network={"allowedDomains": ["b.org"]}, filesystem={"allowWrite": ["/srv/y"]})
    )
    assert (
        judge("file.write", "/srv/x/a") == judge("file.delete", "/srv/x/a") == judge("file.write", "/srv/y") == "allow"
    )
    assert judge.connect("a.org", port=22) == judge.connect("b.org") == "allow"
    assert judge("file.read", f"{HOME}/.aws/credentials") == "deny"


def test_paths_of_users_own_settings_are_below_their_folder():
    judge = Judge(read("/home/u/.claude/settings.json", filesystem={"denyRead": ["x"], "allowWrite": ["/srv"]}))
    assert judge("file.read", f"{HOME}/.claude/x") == "deny"
    assert judge("file.read", f"{WORKSPACE}/x") == judge("file.write", "/srv/a") == "allow"


@pytest.mark.parametrize(
    ("sandbox", "name", "outcome"),
    [
        ({"excludedCommands": ["docker *"]}, "claude-code-excludedCommands-0", "narrower"),
        ({"network": {"allowedDomains": ["*"]}}, "claude-code-allowedDomains-0", "wider"),
        ({"network": {"httpProxyPort": 80}}, "claude-code-httpProxyPort", "setting"),
        ({"network": {"allowManagedDomainsOnly": True}}, "claude-code-allowManagedDomainsOnly", "setting"),
        ({"filesystem": {"allowManagedReadPathsOnly": True}}, "claude-code-allowManagedReadPathsOnly", "setting"),
        ({"failIfUnavailable": True}, "claude-code-failIfUnavailable", "setting"),
        ({"credentials": {"files": [{"path": "~/x", "mode": "deny"}]}}, "claude-code-files-0", "narrower"),
        ({"credentials": {"envVars": []}}, "claude-code-envVars", "unsupported"),
        ({"filesystem": {"disabled": True}}, "claude-code-no-file-rules", "wider"),
    ],
)
def test_outcomes(sandbox, name, outcome):
    found = read(**sandbox)
    assert outcomes(found)[name] == outcome
    Judge(found)


def test_a_sandbox_that_is_off_says_nothing():
    found = DIALECT.read('{"sandbox": {"enabled": false, "filesystem": {"allowWrite": ["/"]}}}', "s.json")
    assert {i.outcome for i in found.items if i.pointer.startswith("/sandbox")} == {"setting"}
    assert Judge(found)("file.write", "/etc/x") == "ask"
