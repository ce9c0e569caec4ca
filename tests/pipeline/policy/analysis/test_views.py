from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.analysis.views import isolated, keys_of, views
from pipeline.policy.model import TestEvent

RNG = st.randoms(use_true_random=False)
MATCHED = ("decides", "weaker", "records")

POLICY = """
lictor: 1
name: p
defaults: { file.write: deny }
rules:
  - { id: key, on: file.read, match: { path: /k }, unless: { exe: /ssh }, action: deny }
  - { id: all, on: file.read, action: kill }
  - { id: own, on: file.write, match: { path: "/w/**", exe: /vi }, action: allow }
  - { id: log, on: file.write, match: { path: "/w/**" }, action: deny, mode: audit }
  - { id: net, on: net.connect, match: { port: 1 }, action: deny }
"""


def seen(world, event):
    return views(world.asked(world.load(POLICY)).program, event, world.context)


def outcomes(view):
    return {r.rule: (r.outcome, r.keys) for r in view.rules}


@settings(max_examples=100, deadline=None)
@given(RNG)
def test_a_view_says_of_each_rule_what_the_decider_says(world, rng):
    policy = world.policy(rng)
    asked = world.asked(policy)
    for event in world.events(rng, 8):
        found = views(asked.program, event, world.context)
        matched = {r.rule for view in found for r in view.rules if r.outcome in MATCHED}
        assert matched == {rule.id for rule in asked.program.rules if asked.matches(rule, event)}
        assert asked.decide(event) in [view.decision for view in found]
        assert all(r.keys for view in found for r in view.rules if r.outcome in ("key", "unless"))


def test_each_rule_has_its_reason(world):
    (view,) = seen(world, TestEvent(on="file.read", path="/k", exe="/ssh"))
    assert outcomes(view) == {"key": ("unless", ("exe",)), "all": ("decides", ())}
    (view,) = seen(world, TestEvent(on="file.read", path="/k", exe="/cat"))
    assert outcomes(view)["key"] == ("weaker", ())
    (view,) = seen(world, TestEvent(on="file.write", path="/w/x", exe="/cat"))
    assert outcomes(view) == {"own": ("key", ("exe",)), "log": ("records", ())}
    assert (view.decision.rule, view.default) == ("default:file.write", "default:file.write")


def test_sockets_are_not_spoken_of_by_chance(world):
    (view,) = seen(world, TestEvent(on="net.connect", path="/run/x", protocol="unix"))
    assert outcomes(view) == {"net": ("sockets", ())}
    assert view.default is None


def test_an_open_for_both_and_a_rename_have_two_views(world):
    both = seen(world, TestEvent(on="file.write", path="/k", intent=("read", "write")))
    assert [view.selectors for view in both] == [("file.write",), ("file.read",)]
    names = seen(world, TestEvent(on="file.rename", path="/w/a", path_to="/w/b", exe="/vi"))
    assert [view.name for view in names] == ["/w/a", "/w/b"]


def test_what_a_link_points_to_is_under_no_default(world):
    new, target = seen(world, TestEvent(on="file.symlink", path="/x", path_to="/y"))
    assert (new.name, new.default, new.decision.verdict) == ("/y", "default:file.write", "deny")
    assert (target.name, target.default, target.decision.verdict) == ("/x", None, "allow")


def test_isolated_events_have_one_group_each():
    event = TestEvent(on="file.create", path="/x", intent=("read", "create"))
    assert [part.on for part, _ in isolated(event)] == ["file.create", "file.read"]


def test_keys_are_named_as_they_are_written(world):
    text = "lictor: 1\nname: p\nrules: [{ id: r, on: exec, match: { label: guard, exe: /x, argv: a, user: u }, action: deny }]"
    (rule,) = world.asked(world.load(text)).program.rules
    assert set(keys_of(rule.match)) == {"label", "exe", "argv", "user"}
