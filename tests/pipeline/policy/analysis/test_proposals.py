from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.analysis.changes import changed
from pipeline.policy.analysis.neighbours import nearest
from pipeline.policy.analysis.proposals import Asked, proposals
from pipeline.policy.model import TestEvent
from pipeline.policy.source import PolicyError

RNG = st.randoms(use_true_random=False)

POLICY = """
lictor: 1
name: p
scope: { agents: [nobody] }
defaults: { file.write: deny }
rules:
  - { id: keys, on: file.write, match: { path: ["~/.ssh/a", "~/.ssh/b"] }, action: ask }
  - { id: log, on: file.write, match: { path: /log }, action: deny, mode: audit }
"""
EVENT = TestEvent(on="file.write", path="/home/u/.ssh/a", exe="/usr/bin/vi")


def test_policies_are_asked_whatever_their_scope(world):
    asked = Asked([world.load(POLICY)], world.context)
    assert asked.decide(EVENT).rule == "keys"
    assert not asked.passes(EVENT)
    assert asked.gives(EVENT, "ask")
    assert not asked.gives(EVENT, "allow")
    assert asked.passes(TestEvent(on="file.read", path="/x"))
    assert asked.gives(TestEvent(on="exit"), "allow")


def test_policies_that_do_not_compile_are_refused(world):
    with pytest.raises(PolicyError, match="has no value here"):
        Asked(
            [world.load('lictor: 1\nname: p\nrules: [{ id: r, on: exec, match: { exe: "${NO}/x" }, action: deny }]')],
            world.context,
        )


def test_what_already_gets_its_verdict_needs_no_change(world):
    asked = Asked([world.load(POLICY)], world.context)
    assert proposals(asked, TestEvent(on="file.read", path="/x"), "allow", ()) == []
    assert proposals(asked, TestEvent(on="exit"), "deny", ()) == []


def test_a_rule_and_the_default_behind_it_are_both_changed(world):
    asked = Asked([world.load(POLICY)], world.context)
    found = proposals(asked, EVENT, "allow", nearest(EVENT, world.context))
    assert {len(p.edits) for p in found} == {2}, "without the rule that asks the default denies"
    assert [p.affects for p in found] == sorted(p.affects for p in found)
    assert found[0].of == len(nearest(EVENT, world.context))


def test_a_rule_is_edited_once_in_a_proposal(world):
    """What a first edit made of it stands in no text, so a second one would begin without the first."""
    policy = world.load("lictor: 1\nname: p\nrules: [{ id: all, on: file.write, match: {}, action: kill }]")
    found = proposals(Asked([policy], world.context), EVENT, "deny", (), 1000)
    assert found
    for proposal in found:
        edited = [(e.policy, e.rule) for e in proposal.edits]
        assert len(edited) == len(set(edited))
        assert Asked(changed([policy], proposal.edits), world.context).gives(EVENT, "deny")


def test_fewer_tries_find_the_narrowest(world):
    asked = Asked([world.load(POLICY)], world.context)
    near = nearest(EVENT, world.context)
    few, many = (proposals(asked, EVENT, "allow", near, most) for most in (1, 24))
    assert (len(few), len(many)) == (1, 10)
    assert few[0].affects == many[0].affects < many[-1].affects


@settings(max_examples=30, deadline=None)
@given(RNG)
def test_what_is_proposed_gives_the_verdict_whatever_is_measured(world, rng):
    asked = Asked([world.policy(rng)], world.context)
    event = world.event(rng)
    wanted = rng.choice(["allow", "deny"])
    for proposal in proposals(asked, event, wanted, (), rng.choice([1, 3, 24])):
        assert (proposal.affects, proposal.of, proposal.examples) == (0, 0, ())
        assert Asked(changed(asked.policies, proposal.edits), world.context).gives(event, wanted)
