"""What Codex refuses. The table is what ``codex sandbox`` 0.169.0 did with each text."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.codex.reader import DIALECT
from pipeline.policy.dialects.codex.shape import fits, is_pattern, is_requirements
from pipeline.policy.source import PolicyError
from tests.pipeline.policy.dialects.agents_judge import codex_takes

ROOT = 'default_permissions = "p"\n[permissions.p.filesystem]\n":root" = "read"\n'
NETWORK = ROOT + "[permissions.p.network]\nenabled = true\n"

REFUSED = [
    'sandbox_mode = "nope"', 'approval_policy = "reject"', 'approval_policy = "on_request"', "approval_policy = true",
    "approval_policy = { granular = {} }", "approval_policy = { granular = { sandbox_approval = true } }",
    "sandbox_workspace_write = 3", '[sandbox_workspace_write]\nnetwork_access = "x"',
    '[sandbox_workspace_write]\nwritable_roots = "x"', '[profiles.x]\nsandbox_mode = "bogus"', 'profile = "zz"',
    'default_permissions = "nope"', 'default_permissions = ":nope"',
    '[permissions.p.filesystem]\n":root" = "read"', ROOT + '"/x" = "execute"', ROOT + '"rel/x" = "read"',
    ROOT + '"~root" = "read"', ROOT + '"/x/*.env" = "write"', ROOT + '"/x[" = "read"', ROOT + "foo = 3",
    ROOT + '":minimal" = { "etc" = "read" }', ROOT + '":slash_tmp" = { "x" = "read" }',
    ROOT + '"/c" = { "../d" = "write" }', ROOT + '"/c" = { "/abs" = "write" }', ROOT + '"/c" = { "" = "read" }',
    ROOT + '"/c" = { "*.x" = "read" }', NETWORK + 'mode = "nope"',
    NETWORK + '[permissions.p.network.domains]\n"a.org" = "maybe"',
    NETWORK + '[permissions.p.network.unix_sockets]\n"/x" = "none"',
    'default_permissions = "p"\n[permissions.p]\nextends = "q"',
    'default_permissions = "p"\n[permissions.p]\nextends = ":workspace"\nworkspace_roots = ["/x"]',
    ROOT + '[permissions.":p".filesystem]\n":root" = "read"',
]  # fmt: skip
TAKEN = [
    "", "unknown_key = 1", 'sandbox_mode = "read-only"', "[sandbox_workspace_write]\nbogus = 1",
    '[sandbox_workspace_write]\nwritable_roots = ["rel"]', 'approval_policy = "never"',
    "approval_policy = { granular = { sandbox_approval = true, rules = true, mcp_elicitations = true } }",
    'default_permissions = ":workspace"', 'default_permissions = ":read-only"', ROOT, ROOT + '":foo" = "read"',
    ROOT + '"/a/../b" = "write"', ROOT + '"/x/**/*.env" = "deny"', ROOT + '"/x/**" = "write"', ROOT + '"/x/{a,b}" = "write"',
    ROOT + '"~" = "write"', ROOT + '"/x" = "none"', ROOT + "glob_scan_max_depth = 3", ROOT + '"/a" = { "b" = "write" }',
    ROOT + '"/c" = { "x/**" = "read" }', ROOT + '"/c" = { "a/./b" = "read" }', ROOT + '"/c" = {}',
    ROOT + '":workspace_roots" = { "." = "write", "a" = "deny", "**/*.env" = "deny" }',
    NETWORK + "bogus = 1", NETWORK + '[permissions.p.network.domains]\n"*" = "allow"\n"http://x" = "allow"',
    'sandbox_mode = "read-only"\n[permissions.p.filesystem]\n":root" = "write"',
    'default_permissions = "p"\n[permissions.p]\nextends = "q"\n[permissions.q.filesystem]\n":root" = "write"',
    ROOT + '[permissions.p.workspace_roots]\n"/x" = true',
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_codex_refuses_is_refused(text):
    with pytest.raises(PolicyError, match=r"c\.toml:[0-9]+:[0-9]+: "):
        DIALECT.read(text, "c.toml")


@pytest.mark.parametrize("text", TAKEN)
def test_what_codex_takes_is_taken(text):
    assert DIALECT.read(text, "c.toml").items


def test_codex_says_the_same(tmp_path):
    assert [text for text in REFUSED if codex_takes(text, tmp_path)] == []
    assert [text for text in TAKEN if not codex_takes(text, tmp_path)] == []


def test_profiles_in_a_circle():
    text = 'default_permissions = "p"\n[permissions.p]\nextends = "q"\n[permissions.q]\nextends = "p"\n'
    with pytest.raises(PolicyError, match="in a circle"):
        DIALECT.read(text, "c.toml")


def test_words_of_requirements():
    with pytest.raises(PolicyError, match="allowed_sandbox_modes"):
        DIALECT.read('allowed_sandbox_modes = ["nope"]', "requirements.toml")
    assert is_requirements({"allowed_sandbox_modes": []}, "x.toml")
    assert is_requirements({}, "/etc/codex/requirements.toml")
    assert not is_requirements({"sandbox_mode": "x"}, "config.toml")


def test_patterns():
    assert is_pattern("/x/*.env")
    assert is_pattern("/x*/**")
    assert not is_pattern("/x/**")
    assert not is_pattern("/{a,b}")
    assert fits("/x/{a,b}/**")
    assert not fits("x")
