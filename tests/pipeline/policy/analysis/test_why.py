from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.analysis.changes import document
from pipeline.policy.analysis.why import why
from pipeline.policy.combine import STOPPING
from pipeline.policy.load import load_policy, read_policies
from pipeline.policy.model import TestEvent
from pipeline.policy.source import read_tree
from pipeline.policy.text import to_yaml

ROOT = Path(__file__).parents[4]
RNG = st.randoms(use_true_random=False)

POLICY = """
lictor: 1
name: p
defaults: { file.write: deny, network: deny }
rules:
  - { id: key, on: file.read, match: { path: [~/.ssh/id_rsa, ~/.ssh/id_dsa] }, unless: { exe: /ssh }, action: deny }
  - { id: own, on: file.write, match: { path: "${workspace}/**" }, action: allow }
  - { id: rc, on: file.write, match: { path: ~/.bashrc }, action: deny }
  - { id: git, on: net.connect, match: { port: 22, exe: /git }, action: allow }
"""


def explained(world, event, text=POLICY, **more):
    return why([world.load(text)], event, world.context, **more)


def read_again(world, text, proposal):
    """The policy that the proposal makes of the text, by way of YAML: what an author would get."""
    data = read_tree(text, "p.yaml").data
    for edit in proposal.edits:
        data = document(data, edit)
    return world.asked(world.load(to_yaml(data)))


@settings(max_examples=25, deadline=None)
@given(RNG)
def test_every_proposal_works_when_it_is_written_into_the_file(world, rng):
    text = to_yaml(world.document(rng, rules=4))
    event = world.event(rng)
    found = explained(world, event, text)
    for proposal in found.proposals:
        asked = read_again(world, text, proposal)
        decision = asked.decide(found.event)
        recorded = (decision.policy, decision.rule) in asked.program.recording
        stopped = decision.verdict in STOPPING and not recorded
        assert (decision.verdict, decision.rule) == (proposal.decision.verdict, proposal.decision.rule)
        assert stopped == (found.wanted == "deny")


@pytest.mark.parametrize(
    ("event", "rule", "first"),
    [
        (TestEvent(on="file.read", path="~/.ssh/id_rsa", exe="/cat"), "key", "take ~/.ssh/id_rsa out of rule 'key'"),
        (TestEvent(on="file.write", path="/etc/hosts", exe="/vi"), "default:file.write", "add a rule that is allow for exe /vi and path /etc/hosts"),
        (TestEvent(on="net.connect", dst_ip="192.0.2.1", dst_port=22, exe="/nc"), "default:network", "add a rule that is allow for exe /nc and ip 192.0.2.1 and port 22"),
        (TestEvent(on="file.write", path="~/.bashrc", exe="/vi"), "rc", "except exe /vi and path ~/.bashrc from rule 'rc', and add a rule"),
    ],
)  # fmt: skip
def test_the_first_proposal_is_the_one_that_opens_least(world, event, rule, first):
    found = explained(world, event)
    assert (found.decision.rule, found.stops, found.wanted) == (rule, True, "allow")
    assert found.proposals[0].text.startswith(first)
    assert [p.affects for p in found.proposals] == sorted(p.affects for p in found.proposals)
    assert found.proposals[0].affects < found.proposals[-1].affects


def test_what_passes_gets_proposals_to_deny_it(world):
    found = explained(world, TestEvent(on="file.read", path="~/.ssh/id_rsa", exe="/ssh"))
    assert (found.stops, found.wanted) == (False, "deny")
    assert any("take exe back out of the exceptions of rule 'key'" in p.text for p in found.proposals)


def test_another_verdict_can_be_wanted(world):
    event = TestEvent(on="file.read", path="~/.ssh/id_rsa", exe="/cat")
    found = explained(world, event, wanted="kill")
    assert {p.decision.verdict for p in found.proposals} == {"kill"}
    assert explained(world, event, wanted="deny").proposals == ()
    assert {p.decision.verdict for p in explained(world, TestEvent(on="fork"), wanted="audit").proposals} <= {"audit"}


def test_nothing_is_proposed_for_what_cannot_be_stopped(world):
    assert explained(world, TestEvent(on="exit")).proposals == ()


def test_a_locked_rule_of_an_included_file_is_left_alone(world):
    base = "lictor: 1\nname: b\nrules: [{ id: r, on: exec, match: { path: /x }, action: deny, locked: LOCKED }]"
    event = TestEvent(on="exec", path="/x")

    def proposals(locked):
        text = "lictor: 1\nname: p\ninclude: b.yaml\n"
        policy = load_policy(text, "p.yaml", lambda *_: (base.replace("LOCKED", locked), "b.yaml"))
        return why([policy], event, world.context).proposals

    assert proposals("true") == ()
    assert any("disable rule 'r'" in p.text for p in proposals("false"))
    assert any("disable: [r]" in p.yaml[0] for p in proposals("false"))


def test_of_several_policies_each_that_stops_is_changed(world):
    one, two = (load_policy(f"lictor: 1\nname: {n}\ndefaults: {{ exec: deny }}", f"{n}.yaml") for n in ("one", "two"))
    found = why([one, two], TestEvent(on="exec", path="/x"), world.context)
    assert [view.policy for view in found.views] == ["one", "two"]
    assert {e.policy for e in found.proposals[0].edits} == {"one", "two"}


def test_rules_with_a_memory_that_might_speak_are_named(world):
    text = """
lictor: 1
name: p
rules:
  - { id: leak, on: net.connect, match: { net: external, taint: credential }, action: deny }
  - { id: flood, on: file.read, match: { rate: 100/s }, action: kill }
"""
    assert explained(world, TestEvent(on="net.connect", dst_ip="8.8.8.8"), text).sequences == ("leak",)


def test_our_own_policies_can_be_explained(world):
    for path in sorted((ROOT / "policies").glob("*.yaml"))[:3]:
        found = why(
            read_policies([path]), TestEvent(on="file.write", path="/etc/hosts", exe="/usr/bin/vim"), world.context
        )
        assert found.views
