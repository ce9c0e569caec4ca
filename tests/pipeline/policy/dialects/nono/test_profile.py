"""Items of a profile: entries, groups, bases, commands."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.nono.reader import DIALECT


def items(**data):
    return {i.name: i for i in DIALECT.read(json.dumps({"meta": {"name": "x"}, **data}, indent=1), "p").items}


@pytest.mark.parametrize(
    ("data", "name", "outcome", "why"),
    [
        ({"filesystem": {"read": ["/a"]}}, "filesystem.read.0", "exact", ""),
        ({"filesystem": {"read": ["$TMPDIR/a"]}}, "filesystem.read.0", "narrower", "no fixed value"),
        ({"filesystem": {"read": [{"path": "/a", "when": "linux:arch"}]}}, "filesystem.read.0", "narrower", "distribution"),
        ({"filesystem": {"deny": [{"path": "/a", "when": "linux:arch"}]}}, "filesystem.deny.0", "exact", ""),
        ({"filesystem": {"deny": ["a"]}}, "filesystem.deny.0", "unsupported", "no file has"),
        ({"filesystem": {"bypass_protection": ["/a"]}}, "filesystem.bypass_protection.0", "narrower", "no grant"),
        ({"filesystem": {"ignore": ["/a"]}}, "filesystem.ignore.0", "setting", "save"),
        ({"filesystem": {"unix_socket_bind": ["/a"]}}, "filesystem.unix_socket_bind.0", "narrower", "making the socket"),
        ({"groups": {"include": ["mine"]}}, "groups.mine", "unsupported", "not known"),
        ({"groups": {"include": ["homebrew_macos"]}}, "groups.homebrew_macos", "setting", "macOS"),
        ({"groups": {"include": ["rust_runtime"]}}, "groups.rust_runtime", "exact", ""),
        ({}, "groups.dangerous_commands", "wider", "few programs bear"),
        ({"commands": {"deny": ["docker"]}}, "commands.deny.0", "narrower", "starts itself"),
        ({"commands": {"allow": ["rm"]}}, "commands.allow.0", "setting", "takes a name"),
        ({"extends": "default"}, "extends.default", "exact", ""),
        ({"extends": "team/x"}, "extends.team.x", "wider", "export the whole"),
        ({"extends": "team/x", "network": {"block": True}}, "extends.team.x", "unsupported", "export the whole"),
        ({"workdir": {"access": "read"}}, "workdir", "exact", ""),
        ({"command_policies": {"commands": {"gh": {}}}}, "command_policies.gh", "unsupported", "no counterpart"),
        ({"command_policies": {}}, "command_policies", "setting", "names no command"),
        ({"security": {"signal_mode": "isolated"}}, "security.signal_mode", "unsupported", "signals"),
    ],
)  # fmt: skip
def test_outcomes(data, name, outcome, why):
    item = items(**data)[name]
    assert item.outcome == outcome
    assert why in item.why
    assert bool(item.why) == (outcome != "exact")


def test_names_that_are_allowed_again_are_not_kept():
    found = items(commands={"allow": ["rm", "docker"], "deny": ["docker"]})
    assert found["commands.deny.0"].safe == ()
    paths = found["groups.dangerous_commands"].safe[0]["match"]["path"]
    assert "**/rm" not in paths
    assert "**/sudo" in paths
    assert found["groups.dangerous_commands"].accepted == ()


def test_places():
    found = items(filesystem={"read": ["/a"]}, extends=["rust-dev"])
    assert (found["filesystem.read.0"].pointer, found["filesystem.read.0"].line) == ("/filesystem/read/0", 7)
    assert found["filesystem.read.0"].safe[0]["origin"] == "line 7 /filesystem/read/0"
    assert (found["extends.rust-dev"].pointer, found["groups.rust_runtime"].pointer) == ("/extends/0", "/extends/0")
    assert found["groups.user_tools"].pointer == ""
    assert {r["id"] for r in found["extends.rust-dev"].safe} >= {
        "extends.rust-dev.hosts",
        "extends.rust-dev.workdir.write",
    }


def test_old_keys_mean_what_the_new_ones_do():
    old = items(policy={"add_deny_access": ["/d"], "add_allow_read": ["/r"]}, security={"allowed_commands": ["rm"]})
    assert old["policy.add_deny_access.0"].safe[0]["action"] == "deny"
    assert old["policy.add_allow_read.0"].safe[0]["match"] == {"path": ["/r/**"]}
    assert "**/rm" not in old["groups.dangerous_commands"].safe[0]["match"]["path"]


def test_the_override_for_linux_counts_and_no_other():
    found = items(
        platform_overrides={"linux": {"filesystem": {"read": ["/l"]}}, "macos": {"filesystem": {"read": ["/m"]}}}
    )
    assert "platform_overrides.linux.filesystem.read.0" in found
    assert not any("macos" in name and name.startswith("platform") for name in found)
