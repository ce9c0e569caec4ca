from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.analysis.findings import Subject
from pipeline.policy.analysis.overlaps import MOST, check, meeting
from pipeline.policy.analysis.shadows import Shadows

RNG = st.randoms(use_true_random=False)


def told(world, *rules):
    subject = Subject(world.load(json.dumps({"lictor": 1, "name": "p", "rules": list(rules)})), world.context)
    return list(check(subject, Shadows(subject)))


def rule(name, action, path, on="file.write", **more):
    return {"id": name, "on": on, "match": {"path": path}, "action": action, **more}


@settings(max_examples=100, deadline=None)
@given(RNG)
def test_an_example_is_stopped_by_a_rule_as_strong_as_the_one_that_is_named(world, rng):
    policy = world.policy(rng, rules=9)
    subject = Subject(policy, world.context)
    asked = world.asked(policy)
    actions = {r.id: r.action for r in policy.rules}
    for finding in check(subject, Shadows(subject)):
        event = meeting(subject, asked_rule(subject, finding.rule), asked_rule(subject, finding.other))
        assert event is not None
        verdict = asked.decide(event).verdict
        assert verdict not in ("allow", "audit")
        assert actions[finding.rule] in ("allow", "audit")


def asked_rule(subject, name):
    return next(r for r in subject.rules if r.id == name)


def test_a_deny_that_takes_a_part_out_is_information(world):
    (found,) = told(world, rule("a", "allow", "/a/**"), rule("d", "deny", "/a/b/**"))
    assert (found.rule, found.other, found.severity) == ("a", "d", "informational")
    assert "/a/b/file" in found.text


def test_a_pattern_that_is_lost_as_a_whole_is_more(world):
    (found,) = told(world, rule("a", "allow", ["/a/**", "/etc/x"]), rule("d", "deny", "/etc/**"))
    assert (found.severity, found.other) == ("low", "d")
    assert "/etc/x" in found.text


def test_addresses_that_both_match_are_shown(world):
    allow = {"id": "a", "on": "network", "match": {"port": [80, 443]}, "action": "allow"}
    deny = {"id": "d", "on": "net.connect", "match": {"ip": "169.254.169.254"}, "action": "deny"}
    (found,) = told(world, allow, deny)
    assert "net.connect 169.254.169.254 port 80" in found.text


def test_rules_without_a_common_event_contradict_nothing(world):
    assert told(world, rule("a", "allow", "/a/**"), rule("d", "deny", "/b/**")) == []
    assert told(world, rule("a", "allow", "/a/**"), rule("d", "deny", "/a/**", on="file.read")) == []
    assert told(world, rule("a", "allow", "/a/*.c"), rule("d", "deny", "/a/*.h")) == []


def test_not_every_contradiction_of_a_rule_is_told(world):
    assert len(told(world, rule("a", "allow", "/a/**"), *(rule(f"d{i}", "deny", f"/a/{i}") for i in range(9)))) == MOST
