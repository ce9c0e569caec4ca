from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.analysis.findings import Subject
from pipeline.policy.analysis.unreachable import check
from pipeline.policy.model import Match, Rule

RNG = st.randoms(use_true_random=False)


def told(world, *rules, context=None, **head):
    policy = world.load(json.dumps({"lictor": 1, "name": "p", "rules": list(rules), **head}))
    return list(check(Subject(policy, context or world.context)))


@settings(max_examples=100, deadline=None)
@given(RNG)
def test_what_is_called_unreachable_matches_nothing(world, rng):
    policy = world.policy(rng, rules=9)
    asked = world.asked(policy)
    for finding in check(Subject(policy, world.context)):
        assert not any(asked.matches(asked.rule(finding.rule), event) for event in world.events(rng, 80))


@pytest.mark.parametrize(
    ("on", "match", "unless", "why"),
    [
        ("network", {"ip": "10.0.0.1", "net": "external"}, None, "no address in common"),
        ("network", {"port": 1, "protocol": "icmp"}, None, "no ports"),
        ("net.connect", {"path": "/run/x", "ip": "10.0.0.1"}, None, "a unix socket has a path"),
        ("net.connect", {"path": "/run/x", "protocol": "tcp"}, None, "only unix sockets"),
        ("network", {"protocol": "unix", "port": 80}, None, "no ports"),
        ("network", {"net": "unresolved", "domain": "x.example"}, None, "its name is known"),
        ("file.read", {"path": "/a/b"}, {"path": "/a/**"}, "'unless' holds for everything"),
        ("file.read", {"path": "/a/*.c", "label": "credential"}, None, "no file in common"),
    ],
)
def test_keys_that_leave_nothing_over_are_told(world, on, match, unless, why):
    rule = {"id": "r", "on": on, "match": match, "action": "deny"} | ({"unless": unless} if unless else {})
    (found,) = told(world, rule)
    assert (found.rule, found.kind) == ("r", "unreachable")
    assert why in found.text


@pytest.mark.parametrize(
    ("on", "match"),
    [
        ("network", {"ip": "0.0.0.0", "net": "loopback"}),
        ("net.listen", {"ip": "0.0.0.0", "net": "external"}),
        ("network", {"net": ["unresolved", "private"], "domain": "x.example"}),
        ("file.read", {"path": "~/.ssh/*", "label": "credential"}),
        ("exec", {"path": "/a", "exe": "/b"}),
    ],
)
def test_keys_that_leave_something_over_are_not(world, on, match):
    assert told(world, {"id": "r", "on": on, "match": match, "action": "deny"}) == []


def test_a_key_that_the_operation_never_has_is_told_where_no_file_was_checked(world):
    policy = world.load('{"lictor": 1, "name": "p"}')
    made = replace(policy, rules=(Rule(id="r", on=("file.read",), action="deny", match=Match(argv=("x",))),))
    (found,) = check(Subject(made, world.context))
    assert "never has 'argv'" in found.text


def test_expired_rules_are_told_with_their_day(world):
    later = replace(world.context, now_ns=2_000_000_000 * 10**9)
    rule = {"id": "r", "on": "exec", "action": "deny", "expires": "2030-01-01"}
    (found,) = told(world, rule, context=later)
    assert "2030-01-01" in found.text
    assert told(world, rule) == []


@pytest.mark.parametrize(
    ("key", "patterns", "dead"),
    [("users", ["a/b"], True), ("users", ["a/b", "*"], False), ("repos", ["a/b"], True), ("repos", ["/a/b"], False), ("repos", ["*/b"], False)],
)  # fmt: skip
def test_a_scope_that_can_never_hold_is_told(world, key, patterns, dead):
    found = told(world, scope={key: patterns})
    assert [f.severity for f in found] == (["high"] if dead else [])


def step(on, **match):
    return {"on": on, "match": match}


@pytest.mark.parametrize(
    ("steps", "by", "why"),
    [
        ([step("exit"), step("exec")], "process", "after its exit"),
        ([step("exec"), step("net.connect")], "dst_ip", "step 1: exec has no 'dst_ip'"),
        ([step("file.write", path="/a/**"), step("file.read", path="/b/**")], "path", "no file is one of all steps"),
        ([step("file.read"), step("network", ip="10.0.0.1", net="external")], "agent_run", "step 2"),
        ([step("file.write", path="/a/**"), step("file.read", path="/a/b")], "path", None),
        ([step("file.read"), step("net.connect")], "process", None),
    ],
)
def test_sequences_that_cannot_be_completed_are_told(world, steps, by, why):
    found = told(world, {"id": "s", "sequence": steps, "within": "60s", "by": by, "action": "deny"})
    assert [f.kind for f in found] == (["unreachable"] if why else [])
    assert why is None or why in found[0].text
