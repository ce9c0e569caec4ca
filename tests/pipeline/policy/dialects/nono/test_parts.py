"""A profile as a flat list of parts."""

from __future__ import annotations

from pipeline.policy.dialects.nono.groups import DEFAULT
from pipeline.policy.dialects.nono.parts import Part, bases, groups, parts


def test_entries_old_keys_and_aliases():
    data = {
        "filesystem": {"read": ["/a", {"path": "/b", "when": "macos"}, {"path": "/c", "when": "linux:arch"}]},
        "policy": {"add_deny_access": ["/d"]},
        "network": {"block": False, "proxy_allow": ["x.y"], "allow_port": [1]},
        "security": {"groups": ["g"], "signal_mode": None},
        "secrets": {},
        "platform_overrides": {"linux": {"filesystem": {"deny": ["/e"]}}, "macos": {"filesystem": {"deny": ["/f"]}}},
    }
    assert parts(data) == [
        Part(("filesystem", "read"), "/a", ("filesystem", "read", 0)),
        Part(("filesystem", "read"), "/c", ("filesystem", "read", 2), None),
        Part(("filesystem", "deny"), "/d", ("policy", "add_deny_access", 0)),
        Part(("network", "allow_domain"), "x.y", ("network", "proxy_allow", 0)),
        Part(("network", "open_port"), 1, ("network", "allow_port", 0)),
        Part(("groups", "include"), "g", ("security", "groups", 0)),
        Part(("env_credentials",), {}, ("secrets",)),
        Part(("filesystem", "deny"), "/e", ("platform_overrides", "linux", "filesystem", "deny", 0)),
    ]


def names(data):
    return [g.name for g in groups(parts(data), data)]


def test_every_profile_but_the_default_one_has_the_default_groups():
    assert names({}) == list(DEFAULT)
    assert names({"meta": {"name": "default"}, "groups": {"include": ["node_runtime"]}}) == ["node_runtime"]


def test_bases_and_inclusions_add_and_exclusions_win():
    data = {
        "extends": ["rust-dev", "team/x"],
        "groups": {"include": ["node_runtime", "mine"], "exclude": ["user_tools", "mine"]},
    }
    assert names(data) == [g for g in DEFAULT if g != "user_tools"] + ["rust_runtime", "node_runtime"]
    assert bases(parts(data)) == [("rust-dev", ("extends", 0)), ("team/x", ("extends", 1))]


def test_an_exclusion_that_is_not_sure_takes_away_what_grants_and_keeps_what_denies():
    maybe = [{"name": n, "when": "linux:arch"} for n in ("user_tools", "dangerous_commands")]
    found = names({"groups": {"exclude": maybe}})
    assert "user_tools" not in found
    assert "dangerous_commands" in found
