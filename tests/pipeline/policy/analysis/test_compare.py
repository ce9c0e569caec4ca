from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.analysis.compare import compare
from pipeline.policy.load import read_policies

ROOT = Path(__file__).parents[4]
RNG = st.randoms(use_true_random=False)
DENY = {"id": "r", "on": "file.read", "match": {"path": "/a/**"}, "action": "deny"}


def changes(world, old, new):
    both = (world.load(json.dumps({"lictor": 1, "name": "p", **document})) for document in (old, new))
    return [(c.kind, c.rule, c.effect) for c in compare(*both, world.context)]


def test_rules_that_came_went_and_changed_are_told(world):
    old = {"rules": [DENY, DENY | {"id": "gone"}, DENY | {"id": "same", "match": {"path": "/b"}}]}
    new = {
        "rules": [DENY | {"match": {"path": "/a/b"}}, DENY | {"id": "new", "match": {"path": "/c"}}, old["rules"][2]]
    }
    assert set(changes(world, old, new)) == {
        ("changed", "r", "none"), ("removed", "gone", "none"), ("added", "new", "narrower"),
    }, "the rule that went said the same as the one that changed, so that each by itself changes nothing"  # fmt: skip


def test_a_policy_is_no_different_from_itself(world):
    for path in sorted((ROOT / "policies").glob("*.yaml")):
        (policy,) = read_policies([path])
        assert compare(policy, policy, world.context) == []


def test_what_is_only_told_changes_nothing(world):
    assert changes(world, {"rules": [DENY]}, {"rules": [DENY | {"because": "x"}]}) == [("changed", "r", "none")]


def test_another_name_is_no_other_rule(world):
    assert changes(world, {"rules": [DENY]}, {"rules": [DENY | {"id": "s"}]}) == [("changed", "s", "none")]


def test_a_label_that_means_something_else_changes_the_rules_that_name_it(world):
    rule = DENY | {"match": {"label": "mine"}}
    old, new = ({"labels": {"mine": [path]}, "rules": [rule]} for path in ("/x", "/y"))
    assert changes(world, old, new) == [("changed", "r", "both")]


def test_defaults_mode_and_scope_are_told(world):
    assert changes(world, {}, {"defaults": {"exec": "deny"}}) == [("default", "default:exec", "narrower")]
    assert changes(world, {"defaults": {"exec": "allow"}}, {}) == [("default", "default:exec", "none")]
    assert changes(world, {}, {"mode": "audit"}) == [("mode", None, "wider")]
    assert changes(world, {"mode": "audit"}, {}) == [("mode", None, "narrower")]
    assert changes(world, {}, {"scope": {"users": ["u"]}}) == [("scope", None, "wider")]
    assert changes(world, {"scope": {"users": ["u"]}}, {"scope": {"users": ["u", "v"]}}) == [
        ("scope", None, "narrower")
    ]
    assert changes(world, {"scope": {"users": ["u"]}}, {"scope": {"users": ["v"]}}) == [("scope", None, "unknown")]


HOLDS = {"limit": "5m", "ask": "kill", "freeze": "deny"}


def test_limits_are_told_and_what_is_not_given_is_what_it_stands_for(world):
    assert changes(world, {"holds": {"limit": "10m", "ask": "deny", "freeze": "kill"}}, {}) == []
    assert changes(world, {}, {"holds": HOLDS}) == [
        ("holds", None, "none"),
        ("holds", None, "narrower"),
        ("holds", None, "wider"),
    ]
    assert changes(world, {"holds": {"ask": "deny"}}, {"holds": {"ask": "release"}}) == [("holds", None, "wider")]
    released = {"ask": "release", "limit": "1h"}
    assert changes(world, {"holds": released}, {"holds": released | {"limit": "1s"}}) == [("holds", None, "wider")]
    assert changes(world, {"holds": released}, {"holds": released | {"limit": "2h"}}) == [("holds", None, "narrower")]
    assert changes(world, {}, {"on_failure": "open"}) == [("on_failure", None, "wider")]
    assert changes(world, {"on_failure": "open"}, {"on_failure": "closed"}) == [("on_failure", None, "narrower")]
    assert changes(world, {"on_failure": "closed"}, {}) == [("on_failure", None, "wider")]


def test_a_change_of_limits_says_from_what_to_what_and_where(world):
    old, new = (
        world.load(f"lictor: 1\nname: p\n{more}")
        for more in ("", "holds: { limit: 5m, ask: release }\non_failure: open")
    )
    assert [(c.text, c.place) for c in compare(old, new, world.context)] == [
        ("limit: 600 s -> 300 s", "p.yaml:3:8"), ("ask: deny -> release", "p.yaml:3:8"), ("not given -> open", "p.yaml:4:13"),
    ]  # fmt: skip


def test_places_are_those_of_the_file_that_has_the_rule(world):
    old = world.load("lictor: 1\nname: p\nrules:\n  - { id: r, on: exec, action: deny }\n")
    new = replace(world.load("lictor: 1\nname: p\n"), source_path="new.yaml")
    assert [c.place for c in compare(old, new, world.context)] == ["p.yaml:4:5"]


@settings(max_examples=40, deadline=None)
@given(RNG)
def test_wider_comes_with_an_event_that_shows_it(world, rng):
    old, new = world.policy(rng), world.policy(rng)
    for change in compare(old, new, world.context):
        if change.kind in ("added", "removed", "default") or (change.kind == "changed" and change.effect != "unknown"):
            assert (change.wider is not None) == (change.effect in ("wider", "both"))
            assert (change.narrower is not None) == (change.effect in ("narrower", "both"))
