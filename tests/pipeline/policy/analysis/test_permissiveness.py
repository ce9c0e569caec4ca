from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.analysis.permissiveness import permissiveness

RNG = st.randoms(use_true_random=False)


def score(world, **document):
    return permissiveness(world.load(json.dumps({"lictor": 1, "name": "p", **document})), world.context)


def test_an_empty_policy_leaves_everything_open(world):
    found = score(world)
    assert found.points == 100
    assert {r.rule for r in found.reasons} == {None}
    assert abs(sum(r.points for r in found.reasons) - 100) < 1


def test_a_policy_that_denies_everything_leaves_nothing(world):
    found = score(world, defaults=dict.fromkeys(schema.SELECTORS, "deny"), mode="audit")
    assert (found.points, found.reasons) == (0, ())


@settings(max_examples=30, deadline=None)
@given(RNG)
def test_a_deny_more_never_raises_the_score(world, rng):
    document = world.document(rng)
    extra = world.rule(rng, "extra") | {"action": rng.choice(["ask", "deny", "kill"])}
    more = document | {"rules": [*document["rules"], extra]}
    assert permissiveness(world.load(more), world.context).points <= permissiveness(world.load(document), world.context).points  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(RNG)
def test_the_reasons_add_up(world, rng):
    found = permissiveness(world.policy(rng), world.context)
    assert abs(sum(r.points for r in found.reasons) - found.points) < 1
    assert all(len(r.open) <= r.total for r in found.reasons)


def test_the_rule_that_opens_is_named(world):
    rule = {"id": "home", "on": "file.write", "match": {"path": "~/**"}, "action": "allow"}
    found = score(world, defaults={"file.write": "deny"}, rules=[rule])
    reason = next(r for r in found.reasons if r.rule == "home" and r.kind == "persistence")
    assert "/home/u/.bashrc" in reason.open
    assert "'home' lets it pass" in reason.text


def test_a_rule_that_only_records_closes_nothing(world):
    rule = {"id": "r", "on": "exec", "action": "deny"}
    assert score(world, rules=[rule]).points == 90
    assert score(world, rules=[rule | {"mode": "audit"}]).points == 100


def test_the_mode_and_scope_of_the_file_do_not_matter(world):
    policy = world.load('{"lictor": 1, "name": "p", "defaults": {"exec": "deny"}}')
    other = replace(policy, mode="audit", scope=replace(policy.scope, users=("nobody",)))
    assert permissiveness(policy, world.context) == permissiveness(other, world.context)


def test_a_question_that_is_released_by_silence_closes_nothing(world):
    asks = {"rules": [{"id": "r", "on": "exec", "action": "ask"}]}
    frozen = {"defaults": {"exec": "freeze"}}
    for document, key, by in ((asks, "ask", "r"), (frozen, "freeze", "default:exec")):
        assert score(world, **document).points == 90
        found = score(world, **document, holds={key: "release"})
        assert found.points == 100
        reason = next(r for r in found.reasons if r.kind == "exec")
        assert (reason.rule, reason.points) == (by, 10)
        assert reason.text.endswith(f"'{by}' says {key}, and who is not answered in time is released")
        other = {"ask": "freeze", "freeze": "ask"}[key]
        assert score(world, **document, holds={other: "release"}).points == 90


def test_a_rule_that_only_records_releases_nobody(world):
    rule = {"id": "r", "on": "exec", "action": "ask", "mode": "audit"}
    found = score(world, rules=[rule], holds={"ask": "release"})
    assert all("released" not in reason.text for reason in found.reasons)
