from __future__ import annotations

import json

import pytest

from pipeline.policy.analysis.breadth import check
from pipeline.policy.analysis.findings import Subject
from pipeline.policy.analysis.shadows import Shadows

DEFAULTS = {"file.write": "deny", "network": "deny", "file.read": "deny"}


def told(world, *rules):
    policy = world.load(json.dumps({"lictor": 1, "name": "p", "defaults": DEFAULTS, "rules": list(rules)}))
    subject = Subject(policy, world.context)
    return [(f.rule, f.severity, f.text) for f in check(subject, Shadows(subject))]


@pytest.mark.parametrize(
    ("on", "match", "action", "severity", "text"),
    [
        ("file.write", {"path": "/**"}, "allow", "high", "every file"),
        ("file.write", {}, "allow", "high", "every file"),
        ("file.write", {"path": "~/**"}, "allow", "high", "home folder"),
        ("file.write", {"path": ["/x", "/home/**"]}, "allow", "high", "home folder"),
        ("file.write", {"path": "~/.bashrc"}, "allow", "medium", "persistence"),
        ("file.write", {"path": "~/.claude/**"}, "audit", "low", "agent-config"),
        ("file.read", {"path": "~/.ssh/**"}, "allow", "medium", "credential"),
        ("network", {}, "allow", "high", "any address and port"),
        ("network", {"net": "external"}, "allow", "medium", "any port of any address outside"),
        ("net.connect", {"port": "1-65535", "net": "private"}, "allow", "low", "thousands of ports"),
        ("exec", {"path": "**"}, "deny", "medium", "nothing can be started"),
        ("exec", {}, "kill", "medium", "nothing can be started"),
        ("file.read", {"path": "/**"}, "deny", "medium", "cannot even load"),
        ("exec", {"exe": "**"}, "allow", "low", "matches everything"),
    ],
)
def test_what_is_too_much_is_told(world, on, match, action, severity, text):
    found = told(world, {"id": "r", "on": on, "match": match, "action": action})
    assert [s for _, s, t in found if text in t] == [severity]


@pytest.mark.parametrize(
    ("on", "match", "action"),
    [
        ("file.write", {"path": "${workspace}/src/**"}, "allow"),
        ("network", {"port": 443, "net": "external"}, "allow"),
        ("network", {"net": "external", "exe": "/usr/bin/git"}, "allow"),
        ("network", {"ip": "203.0.113.7"}, "allow"),
        ("network", {"domain": "example.com"}, "allow"),
        ("network", {"net": "loopback"}, "allow"),
        ("net.connect", {"path": "/run/x"}, "allow"),
        ("exec", {"path": "/usr/bin/x"}, "deny"),
        ("exec", {"exe": "**", "user": "root"}, "deny"),
        ("file.read", {}, "audit"),
    ],
)
def test_what_is_said_narrowly_is_not(world, on, match, action):
    rules = [{"id": "r", "on": on, "match": match, "action": action}]
    if on == "file.read":
        rules.append({"id": "d", "on": "file.read", "match": {"label": "credential"}, "action": "deny"})
    assert told(world, *rules) == []


def test_what_another_rule_closes_is_not_held_against_an_allow(world):
    allow = {"id": "a", "on": "file.write", "match": {"path": "/etc/cron.d/**"}, "action": "allow"}
    deny = {"id": "d", "on": "file.write", "match": {"label": "persistence"}, "action": "deny"}
    assert [rule for rule, *_ in told(world, allow)] == ["a"]
    assert told(world, allow, deny) == []
