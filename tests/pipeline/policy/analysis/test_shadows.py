from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.analysis.findings import Subject
from pipeline.policy.analysis.shadows import Shadows, check

RNG = st.randoms(use_true_random=False)


def told(world, *rules):
    policy = world.load(json.dumps({"lictor": 1, "name": "p", "rules": list(rules)}))
    subject = Subject(policy, world.context)
    return {(f.rule, f.kind, f.other) for f in check(subject, Shadows(subject))}


def rule(name, action, path, **more):
    return {"id": name, "on": "file.write", "match": {"path": path}, "action": action, **more}


@settings(max_examples=100, deadline=None)
@given(RNG)
def test_a_shadowed_rule_never_decides_and_a_redundant_one_changes_no_verdict(world, rng):
    policy = world.policy(rng, rules=9)
    subject = Subject(policy, world.context)
    for finding in check(subject, Shadows(subject)):
        kept = tuple(r for r in policy.rules if r.id != finding.rule)
        with_it, without = world.asked(policy), world.asked(replace(policy, rules=kept))
        for event in world.events(rng, 40):
            assert finding.kind == "redundant" or with_it.decide(event).rule != finding.rule
            assert with_it.decide(event).verdict == without.decide(event).verdict


def test_an_allow_inside_a_deny_never_decides(world):
    found = told(world, rule("a", "allow", "/a/b"), rule("d", "deny", "/a/**"))
    assert found == {("a", "shadowed", "d")}


def test_several_rules_together_hide_one(world):
    found = told(world, rule("a", "allow", ["/a/x", "/b/x"]), rule("d", "deny", "/a/**"), rule("e", "kill", "/b/**"))
    assert found == {("a", "shadowed", "d, e")}


def test_of_two_that_say_the_same_the_later_is_told(world):
    assert told(world, rule("a", "deny", "/a/**"), rule("b", "deny", "/a/b")) == {("b", "shadowed", "a")}
    assert told(world, rule("b", "deny", "/a/b"), rule("a", "deny", "/a/**")) == {("b", "redundant", "a")}
    assert told(world, rule("a", "deny", "/a/**"), rule("b", "deny", "/a/**")) == {("b", "shadowed", "a")}


def test_an_exception_keeps_the_rule_behind_it_alive(world):
    but = {"unless": {"exe": "/x"}}
    assert told(world, rule("a", "allow", "/a/b"), rule("d", "deny", "/a/**", **but)) == set()
    assert told(world, rule("a", "allow", "/a/b", **but), rule("d", "deny", "/a/**", **but)) == {("a", "shadowed", "d")}


def test_a_rule_that_only_records_hides_nothing_that_counts(world):
    assert told(world, rule("a", "allow", "/a/b"), rule("d", "deny", "/a/**", mode="audit")) == set()
    assert told(world, rule("a", "deny", "/a/b", mode="audit"), rule("d", "deny", "/a/**")) == {("a", "shadowed", "d")}


def test_a_sequence_whose_end_is_always_stopped_never_decides(world):
    steps = [{"on": "file.read", "match": {"label": "credential"}}, {"on": "net.connect", "match": {"net": "external"}}]
    sequence = {"id": "s", "sequence": steps, "within": "60s", "action": "deny"}
    stop = {"id": "k", "on": "network", "match": {}, "action": "kill"}
    assert told(world, sequence, stop) == {("s", "shadowed", "k")}
    assert told(world, sequence, stop | {"action": "deny"}) == set()


def test_many_rules_do_not_take_long(world):
    rules = [rule(f"r{i}", "deny" if i % 2 else "allow", [f"/a{i}/**", f"**/n{i}"]) for i in range(400)]
    assert told(world, *rules) == set()
