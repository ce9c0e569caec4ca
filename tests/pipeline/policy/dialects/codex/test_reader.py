"""The Codex dialect as a whole: what it claims, which settings count, and a property over profiles at random."""

from __future__ import annotations

import random

import pytest

from pipeline.policy.dialects.codex.reader import DIALECT, NOTES
from pipeline.policy.dialects.interface import OUTCOMES
from tests.pipeline.policy.dialects.verdict_judge import WORKSPACE, Judge, outcomes


@pytest.mark.parametrize(
    "text",
    [
        'sandbox_mode = "read-only"', "[sandbox_workspace_write]", '[permissions.p]\n"x" = 1', 'approval_policy = "x"',
        "allowed_sandbox_modes = []", 'model = "x"\ndefault_permissions = ":workspace"',
    ],
)  # fmt: skip
def test_what_is_claimed(text):
    assert DIALECT.recognises(text, "x.toml")


@pytest.mark.parametrize("text", ["", "{}", 'model = "x"', "[tool.ruff]", "a: 1", "# sandbox_mode"])
def test_what_is_not_claimed(text):
    assert not DIALECT.recognises(text, "x.toml")
    assert DIALECT.recognises("a = ", "/home/u/.codex/config.toml")


def test_the_older_settings_go_first_and_what_the_profile_denies_is_denied():
    text = 'sandbox_mode = "workspace-write"\ndefault_permissions = "p"\n[permissions.p.filesystem]\n":root" = "write"\n"/s" = "deny"\n'
    found = DIALECT.read(text, "c.toml")
    assert outcomes(found)["codex-default_permissions"] == "setting"
    judge = Judge(found)
    assert judge("file.read", "/s/x") == "deny"
    assert judge.stops("file.write", "/etc/x")
    assert judge("file.write", f"{WORKSPACE}/x") == "allow"


def test_without_settings_nothing_is_written():
    judge = Judge(DIALECT.read("", "c.toml"))
    assert judge("file.write", f"{WORKSPACE}/x") == judge.connect("a.org") == "ask"


def test_keys_that_codex_does_not_look_at_are_named():
    text = 'model = "x"\n[mcp_servers.a]\ncommand = "b"\n[projects."/x"]\ntrust_level = "trusted"\n[profiles.y]\n'
    found = outcomes(DIALECT.read(text, "c.toml"))
    assert {found[f"codex-{k}"] for k in ("model", "mcp_servers", "projects", "profiles")} == {"setting"}


def test_the_report_has_lines_and_names():
    text = 'default_permissions = "p"\n[permissions.p.filesystem]\n":root" = "read"\n"/a" = "deny"\n"/b" = "write"\n'
    found = DIALECT.read(text, "c.toml")
    lines = {i.pointer: i.line for i in found.items}
    assert lines["/permissions/p/filesystem/~1a"] == 4
    assert lines["/permissions/p/filesystem/~1b"] == 5
    assert {i.outcome for i in found.items} <= set(OUTCOMES)
    assert len({i.name for i in found.items}) == len(found.items)
    assert len(found.notes) == len(NOTES) == 4


# The property: the most specific path decides, a deny covers all below it, what is not named is closed.

PATHS = ["/a", "/a/b", "/a/b/c", f"{WORKSPACE}", f"{WORKSPACE}/d", "~/s"]
NAMES = ["/a/x", "/a/b/x", "/a/b/c/x", f"{WORKSPACE}/x", f"{WORKSPACE}/d/x", f"{WORKSPACE}/.git/x", "/home/u/s/x", "/z"]


def access(entries, name):
    covering = {
        p.replace("~", "/home/u"): w for p, w in entries.items() if name.startswith(p.replace("~", "/home/u") + "/")
    }
    if "deny" in covering.values():
        return ""
    word = covering[max(covering, key=len)] if covering else entries.get(":root", "")
    kept = any(name.startswith(f"{p}/.git/") for p, w in covering.items() if w == "write")
    return "r" if word == "read" or (word == "write" and kept) else "rw" if word else ""


def test_what_codex_denies_is_denied():
    rnd = random.Random(29)
    for _ in range(200):
        entries = {p: rnd.choice(["read", "write", "deny"]) for p in rnd.sample(PATHS, rnd.randint(0, 4))}
        if rnd.random() < 0.8:
            entries[":root"] = rnd.choice(["read", "read", "write"])
        lines = "".join(f'"{p}" = "{w}"\n' for p, w in entries.items())
        text = f'default_permissions = "p"\n[permissions.p.filesystem]\n{lines}'
        judge = Judge(DIALECT.read(text, "c.toml"))
        for name in NAMES:
            may = access(entries, name)
            assert "r" in may or judge.stops("file.read", name), (entries, name)
            assert "w" in may or judge.stops("file.write", name), (entries, name)
            if may == "rw" and ":root" in entries:
                assert judge("file.read", name) == "allow", (entries, name)
