"""Targets as matches of rules."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.leash.matches import matches
from pipeline.policy.dialects.leash.targets import ANY, Target


@pytest.mark.parametrize(
    ("kind", "targets", "action", "found"),
    [
        (
            "open",
            [Target("file", "/a[1]"), Target("dir", "/"), Target("host", "x")],
            "allow",
            [{"path": [r"/a\[1\]", "/**"]}],
        ),
        ("exec", [Target("dir", "/bin")], "allow", [{"exe": ["/bin/**"]}]),
        ("exec", [Target("dir", "/bin")], "deny", [{"path": ["/bin/**"]}]),
        ("open", [Target("host", "x")], "deny", []),
        ("open", [ANY], "deny", [{}]),
        ("connect", [Target("host", "*")], "deny", [{}]),
        ("connect", [Target("host", "*", 443), Target("host", "x", 443)], "allow", [{"port": [443]}]),
        (
            "connect",
            [Target("host", "x"), Target("host", "10.0.0.1"), Target("host", "y", 5)],
            "allow",
            [{"domain": ["x"]}, {"ip": ["10.0.0.1"]}, {"domain": ["y"], "port": [5]}],
        ),
        ("connect", [Target("host", "localhost")], "allow", [{"domain": ["localhost"]}, {"ip": ["127.0.0.1"]}]),
        ("connect", [Target("host", "::1")], "deny", [{"ip": ["::1"]}]),
    ],
)
def test_matches(kind, targets, action, found):
    assert list(matches(kind, targets, action)) == found
