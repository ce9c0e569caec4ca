"""What holds where no rule speaks."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.claude_code.modes import Stance, stance
from pipeline.policy.dialects.claude_code.reader import DIALECT
from tests.pipeline.policy.dialects.verdict_judge import HOME, WORKSPACE, Judge, outcomes

ON = {"enabled": True}


@pytest.mark.parametrize(
    ("permissions", "sandbox", "expected"),
    [
        ({}, {}, Stance("ask", "ask", "ask")),
        ({"defaultMode": "dontAsk"}, {}, Stance("deny", "deny", "deny")),
        ({"defaultMode": "plan"}, {}, Stance("ask", "deny", "ask")),
        ({"defaultMode": "bypassPermissions"}, {}, Stance("ask", "ask", "ask")),
        ({}, ON, Stance("allow", "ask", "ask")),
        ({}, {**ON, "autoAllowBashIfSandboxed": False}, Stance("ask", "ask", "ask")),
        ({}, {**ON, "allowUnsandboxedCommands": False}, Stance("allow", "deny", "deny")),
        ({}, {**ON, "network": {"allowManagedDomainsOnly": True}}, Stance("allow", "ask", "deny")),
        ({}, {**ON, "network": {"strictAllowlist": True}}, Stance("allow", "ask", "deny")),
        ({}, {"enabled": False, "allowUnsandboxedCommands": False}, Stance("ask", "ask", "ask")),
        ({"defaultMode": "plan"}, ON, Stance("ask", "deny", "ask")),
    ],
)
def test_stances(permissions, sandbox, expected):
    assert stance(permissions, sandbox) == expected


def read(**settings):
    return DIALECT.read(json.dumps(settings), "settings.json")


@pytest.mark.parametrize("mode", ["default", "acceptEdits", "plan", "auto", "dontAsk", "bypassPermissions", "manual"])
def test_no_mode_writes_outside_or_connects_without_asking(mode):
    judge = Judge(read(permissions={"defaultMode": mode}))
    assert judge.stops("file.write", "/etc/x")
    assert judge.stops("exec", "/usr/bin/curl", argv="curl x")
    assert judge.connect("a.org") in ("ask", "deny")
    assert judge.stops("file.write", f"{WORKSPACE}/x") == (mode != "acceptEdits")
    assert judge.stops("file.write", f"{WORKSPACE}/.git/config")


def test_asking_nothing_must_be_accepted_and_may_be_disabled():
    found = read(permissions={"defaultMode": "bypassPermissions"})
    assert outcomes(found)["claude-code-defaultMode"] == "wider"
    judge = Judge(found, frozenset({"claude-code-defaultMode"}))
    assert judge("file.write", f"{HOME}/x") == judge.connect("a.org") == judge("exec", "/x", argv="x") == "allow"
    off = read(permissions={"defaultMode": "bypassPermissions", "disableBypassPermissionsMode": "disable"})
    assert outcomes(off)["claude-code-defaultMode"] == "narrower"


def test_commands_that_only_read_start_without_asking():
    judge = Judge(read(permissions={}))
    assert judge("exec", "/usr/bin/ls", argv="ls -la") == "allow"
    assert judge("exec", "/tmp/ls", argv="ls -la") == judge("exec", "/usr/bin/find", argv="find . -delete") == "ask"


def test_git_writes_its_own_files():
    judge = Judge(read(permissions={"allow": ["Edit(**)"]}))
    assert judge("file.write", f"{WORKSPACE}/.git/index", exe="/usr/bin/git") == "allow"
    assert judge("file.write", f"{WORKSPACE}/.git/index", exe="/usr/bin/sh") == "ask"
