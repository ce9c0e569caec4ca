from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.analysis import keys
from pipeline.policy.analysis.views import isolated

RNG = st.randoms(use_true_random=False)


def two_rules(world, rng):
    rules = [world.rule(rng, "one"), world.rule(rng, "two")]
    if rng.random() < 0.7:
        rules[1]["on"] = rules[0]["on"]
        rules[1]["match"] = rules[0]["match"] | (rules[1]["match"] if rng.random() < 0.5 else {})
    if rng.random() < 0.5:
        rules[0]["match"] = {k: v for k, v in rules[0]["match"].items() if rng.random() < 0.5}
    try:
        asked = world.asked(world.load({"lictor": 1, "name": "p", "rules": rules}))
    except ValueError:  # keys of one rule's operations in the other
        return None
    return asked, asked.rule("one"), asked.rule("two")


@settings(max_examples=100, deadline=None)
@given(RNG)
def test_a_rule_within_another_matches_nothing_that_the_other_does_not(world, rng):
    made = two_rules(world, rng)
    if made is None:
        return
    asked, one, two = made
    if keys.rule_within(two, one):
        assert all(asked.matches(one, e) for e in world.events(rng, 80) if asked.matches(two, e))


@settings(max_examples=100, deadline=None)
@given(RNG)
def test_disjoint_rules_never_match_the_same_name_of_an_event(world, rng):
    made = two_rules(world, rng)
    if made is None:
        return
    asked, one, two = made
    if keys.rules_disjoint(one, two):
        parts = [part for event in world.events(rng) for part, _ in isolated(event)]
        assert not any(asked.matches(one, part) and asked.matches(two, part) for part in parts)


def rules(world, *texts):
    written = "".join(f"  - {{ id: r{i}, action: deny, {text} }}\n" for i, text in enumerate(texts))
    return world.asked(world.load(f"lictor: 1\nname: p\nrules:\n{written}")).program.rules


def test_containment_that_a_person_sees_is_seen(world):
    inner = "on: net.connect, match: { ip: 10.1.0.0/16, port: 443, protocol: tcp }"
    outer = "on: network, match: { net: private, port: '1-1024' }"
    assert keys.rule_within(*rules(world, inner, outer))
    assert not keys.rule_within(*rules(world, outer, inner))
    one, two = rules(
        world, "on: file.read, match: { path: /a/b }", "on: file.read, match: { path: /a/** }, unless: { exe: /x }"
    )
    assert not keys.rule_within(one, two)
    assert keys.rule_within(replace(one, unless=two.unless), two)
    assert keys.same_events(one, one)


def test_unresolved_is_a_part_of_external_and_not_the_reverse(world):
    some = "on: network, match: { net: unresolved }"
    every = "on: network, match: { net: external }"
    assert keys.rule_within(*rules(world, some, every))
    assert not keys.rule_within(*rules(world, every, some))
    assert not keys.rule_within(*rules(world, "on: network, match: { ip: 8.8.8.8 }", some))


def test_a_rule_that_names_no_socket_holds_none_that_does(world):
    one, two = rules(world, "on: net.connect, match: { path: /run/x }", "on: net.connect")
    assert not keys.rule_within(one, two)


def test_three_names_of_an_exec_are_not_kept_apart_by_paths(world):
    assert not keys.rules_disjoint(*rules(world, "on: exec, match: { path: /a }", "on: exec, match: { path: /b }"))
    assert keys.rules_disjoint(
        *rules(world, "on: file.read, match: { path: /a }", "on: file.read, match: { path: /b }")
    )


def test_ip_and_net_leave_what_is_in_both(world):
    (rule,) = rules(world, "on: network, match: { ip: 10.0.0.0/8, net: loopback }")
    assert keys.addresses(rule.match, here=False) == ()
