"""Permission profiles: what they stand on, and their hosts."""

from __future__ import annotations

import tomllib

import pytest

from pipeline.policy.dialects.codex.profiles import entries, lineage, network
from pipeline.policy.dialects.codex.reader import DIALECT
from tests.pipeline.policy.dialects.verdict_judge import WORKSPACE, Judge, outcomes

TEXT = """\
approval_policy = "never"
default_permissions = "p"
[permissions.p]
extends = "q"
[permissions.p.filesystem]
"/a" = "read"
[permissions.q]
extends = ":workspace"
[permissions.q.filesystem]
"/a" = "write"
"/b" = "write"
[permissions.q.network]
enabled = true
[permissions.q.network.domains]
"**.a.org" = "allow"
"b.org" = "deny"
[permissions.p.network.domains]
"b.org" = "allow"
"bad.a.org" = "deny"
[permissions.p.network.unix_sockets]
"/run/docker.sock" = "deny"
[permissions.other]
"""


def test_a_profile_overrides_what_it_stands_on():
    profiles = tomllib.loads(TEXT)["permissions"]
    assert lineage(profiles, "p") == [":workspace", "q", "p"]
    assert {e.path[-1]: e.access for e in entries(profiles, "p") if e.path[-1] in ("/a", "/b")} == {
        "/a": "read",
        "/b": "write",
    }
    assert network(profiles, "p")[0]["domains"] == {"**.a.org": "allow", "b.org": "allow", "bad.a.org": "deny"}
    judge = Judge(DIALECT.read(TEXT, "c.toml"))
    assert judge("file.write", "/a/x") == "deny"
    assert judge("file.write", "/b/x") == judge("file.write", f"{WORKSPACE}/x") == "allow"
    assert judge.connect("a.org") == judge.connect("x.a.org") == judge.connect("b.org") == "allow"
    assert judge.connect("bad.a.org") == judge.connect("c.org") == judge.connect() == "deny"
    assert judge("net.connect", "/run/docker.sock", protocol="unix") == "deny"
    assert judge("net.connect", "/run/x", protocol="unix") == "allow"


def test_other_profiles_are_named_only():
    found = outcomes(DIALECT.read(TEXT, "c.toml"))
    assert found["codex-other"] == found["codex-q"] == "setting"


@pytest.mark.parametrize(
    ("network_text", "verdict"),
    [
        ("enabled = true", "allow"), ("enabled = false", "deny"), ("", "deny"),
        ('enabled = true\n[permissions.p.network.domains]\n"*" = "allow"', "allow"),
        ('enabled = true\n[permissions.p.network.domains]\n"x.org" = "allow"', "deny"),
        ('[permissions.p.network.domains]\n"*" = "allow"', "deny"),
    ],
)  # fmt: skip
def test_the_network(network_text, verdict):
    head = 'approval_policy = "never"\ndefault_permissions = "p"\n[permissions.p]\nextends = ":read-only"\n'
    judge = Judge(DIALECT.read(f"{head}[permissions.p.network]\n{network_text}", "c.toml"))
    assert judge.connect("a.org") == verdict
    assert judge("net.connect", "/run/x", protocol="unix") == (
        "deny" if "enabled = true" not in network_text else "allow"
    )


@pytest.mark.parametrize(("host", "word", "outcome"), [("a b", "allow", "narrower"), ("a b", "deny", "unsupported")])
def test_what_is_no_host(host, word, outcome):
    text = f'default_permissions = "p"\n[permissions.p.network]\nenabled = true\n[permissions.p.network.domains]\n"{host}" = "{word}"'
    assert outcomes(DIALECT.read(text, "c.toml"))["codex-p-domains-a_b"] == outcome


def test_built_in_profiles():
    full = Judge(DIALECT.read('default_permissions = ":danger-full-access"', "c.toml"))
    assert full("file.write", "/etc/x") == full.connect("a.org") == "allow"
    assert Judge(DIALECT.read('default_permissions = ":read-only"', "c.toml"))("file.write", f"{WORKSPACE}/x") == "ask"
