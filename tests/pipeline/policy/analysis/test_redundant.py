from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.analysis.findings import Subject
from pipeline.policy.analysis.redundant import check
from pipeline.policy.analysis.shadows import Shadows

RNG = st.randoms(use_true_random=False)


def told(world, defaults, *rules):
    policy = world.load(json.dumps({"lictor": 1, "name": "p", "defaults": defaults, "rules": list(rules)}))
    subject = Subject(policy, world.context)
    return [f.rule for f in check(subject, Shadows(subject))]


def rule(name, action, path, on="file.delete"):
    return {"id": name, "on": on, "match": {"path": path}, "action": action}


@settings(max_examples=100, deadline=None)
@given(RNG)
def test_without_a_redundant_rule_every_verdict_is_the_same(world, rng):
    document = world.document(rng)
    document["defaults"] |= {s: "deny" for s in ("file.write", "file.read", "exec", "network") if rng.random() < 0.6}
    policy = world.load(document)
    subject = Subject(policy, world.context)
    for finding in check(subject, Shadows(subject)):
        kept = tuple(r for r in policy.rules if r.id != finding.rule)
        with_it, without = world.asked(policy), world.asked(replace(policy, rules=kept))
        for event in world.events(rng, 40):
            assert with_it.decide(event).verdict == without.decide(event).verdict


def test_an_allow_of_what_is_allowed_anyway_is_told(world):
    assert told(world, {}, rule("a", "allow", "/a")) == ["a"]
    assert told(world, {"file.delete": "allow"}, rule("a", "allow", "/a")) == ["a"]
    assert told(world, {"file.delete": "deny"}, rule("a", "allow", "/a")) == []
    assert told(world, {"file.delete": "audit"}, rule("a", "allow", "/a")) == []


def test_a_deny_of_what_is_denied_anyway_is_told_unless_something_lifts_it(world):
    deny = {"file.delete": "deny"}
    assert told(world, deny, rule("d", "deny", "/a/b")) == ["d"]
    assert told(world, deny, rule("d", "deny", "/a/b"), rule("a", "allow", "/a/**")) == []
    assert told(world, deny, rule("d", "deny", "/a/b"), rule("a", "allow", "/c/**")) == ["d"]
    assert told(world, {"file.delete": "kill"}, rule("d", "deny", "/a/b")) == []


def test_what_a_symbolic_link_points_to_is_under_no_default(world):
    deny = {"file.write": "deny"}
    apart = rule("d", "deny", "/a/b", on="file.write"), rule("a", "allow", "/c/**", on="file.write")
    assert told(world, deny, *apart) == []
