"""The older settings. What each mode lets commands do is what ``codex sandbox`` did, and its manual says."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.codex.modes import defaults, started, stopped
from pipeline.policy.dialects.codex.reader import DIALECT
from tests.pipeline.policy.dialects.verdict_judge import HOME, WORKSPACE, Judge, outcomes


def judge(text):
    return Judge(DIALECT.read(text, "config.toml"))


@pytest.mark.parametrize(
    ("approval", "verdict", "start"),
    [
        ("never", "deny", "allow"), ("on-request", "ask", "allow"), ("on-failure", "ask", "allow"), ("untrusted", "ask", "ask"),
        ({"granular": {"sandbox_approval": False}}, "deny", "allow"), ({"granular": {"sandbox_approval": True}}, "ask", "allow"),
    ],
)  # fmt: skip
def test_who_is_asked(approval, verdict, start):
    assert (stopped(approval), started(approval)) == (verdict, start)
    assert defaults("read-only", {}, approval)["file.write"] == verdict


def test_read_only():
    asked = judge('sandbox_mode = "read-only"\napproval_policy = "never"')
    for path in (f"{WORKSPACE}/x", "/tmp/x", f"{HOME}/x", "/etc/x"):
        assert asked("file.write", path) == "deny"
        assert asked("file.read", path) == "allow"
    assert asked.connect("a.org") == asked("net.connect", "/run/x", protocol="unix") == "deny"
    assert asked("file.write", "/dev/null") == asked("exec", "/usr/bin/make", argv="make") == "allow"


def test_workspace_write():
    text = 'sandbox_mode = "workspace-write"\napproval_policy = "never"\n[sandbox_workspace_write]\n'
    asked = judge(text + 'writable_roots = ["/srv/x", "~/y"]\n')
    for path in (f"{WORKSPACE}/x", "/tmp/x", "/srv/x/a", f"{HOME}/y/a"):
        assert asked("file.write", path) == asked("file.delete", path) == "allow", path
    for path in (f"{WORKSPACE}/.git/x", f"{WORKSPACE}/.codex/x", "/srv/x/.agents/x", f"{HOME}/x", "/var/tmp/x"):
        assert asked("file.write", path) == "deny", path
    assert asked.connect("a.org") == "deny"
    assert judge(text + "exclude_slash_tmp = true")("file.write", "/tmp/x") == "deny"
    open_network = judge(text + "network_access = true")
    assert open_network.connect("a.org") == open_network("net.connect", "/run/x", protocol="unix") == "allow"


def test_danger_full_access():
    asked = judge('sandbox_mode = "danger-full-access"\n')
    assert asked("file.write", "/etc/x") == asked.connect("a.org") == asked("exec", "/x", argv="x") == "allow"
    untrusted = judge('sandbox_mode = "danger-full-access"\napproval_policy = "untrusted"')
    assert untrusted("exec", "/x", argv="x") == "ask"


@pytest.mark.parametrize(
    ("text", "name", "outcome"),
    [
        ('sandbox_mode = "read-only"\n[sandbox_workspace_write]\nnetwork_access = true', "codex-network_access", "setting"),
        ('sandbox_mode = "read-only"\n[sandbox_workspace_write]\nwritable_roots = ["/x"]', "codex-writable_roots-0", "setting"),
        ('sandbox_mode = "workspace-write"\n[sandbox_workspace_write]\nbogus = 1', "codex-bogus", "setting"),
        ('sandbox_mode = "workspace-write"\n[sandbox_workspace_write]\nwritable_roots = ["x"]', "codex-writable_roots-0", "narrower"),
        ('sandbox_mode = "workspace-write"', "codex-tmpdir", "narrower"),
        ('approval_policy = "untrusted"', "codex-approval_policy", "narrower"),
        ('approval_policy = "never"', "codex-approval_policy", "exact"),
    ],
)  # fmt: skip
def test_outcomes(text, name, outcome):
    assert outcomes(DIALECT.read(text, "config.toml"))[name] == outcome
