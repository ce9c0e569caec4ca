from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy import globs
from pipeline.policy.analysis import cover, samples
from pipeline.policy.analysis.probes import label_paths
from pipeline.policy.model import TestEvent

RNG = st.randoms(use_true_random=False)


@settings(max_examples=100, deadline=None)
@given(RNG)
def test_most_rules_without_exceptions_get_a_sample_that_they_match(world, rng):
    policy = world.policy(rng, rules=3)
    asked = world.asked(policy)
    for rule in asked.program.rules:
        found = list(samples.events(rule, most=40))
        if rule.unless is None and found:
            assert any(asked.matches(rule, event) for event in found), found


def test_nothing_has_a_name_and_none(world):
    text = "lictor: 1\nname: p\nrules: [{ id: r, on: net.connect, match: { net: unresolved, domain: x.example }, action: deny }]"
    assert not list(samples.events(world.asked(world.load(text)).program.rules[0]))


def test_every_pattern_of_a_built_in_label_has_a_path(world):
    text = "lictor: 1\nname: p\nrules: [{ id: r, on: file.read, match: { label: credential }, action: deny }]"
    asked = world.asked(world.load(text))
    paths = label_paths("credential", world.context)
    assert len(paths) > 100
    assert all(asked.decide(TestEvent(on="file.read", path=path)).verdict == "deny" for path in paths)


def test_a_path_reads_like_one():
    made = {text: samples.path_of(globs.parse(text)[0]) for text in ("/a/*.pem", "**/.env", "/x/**", "**/k/**", "**", "/a/[bc]")}  # fmt: skip
    assert made["/a/*.pem"] == "/a/x.pem"
    assert made["/x/**"] == "/x/file"
    assert all(cover.matches(globs.parse(text)[0], path) for text, path in made.items())


def test_a_rule_about_sockets_gets_a_socket(world):
    text = "lictor: 1\nname: p\nrules: [{ id: r, on: net.connect, match: { path: /run/x }, action: deny }]"
    asked = world.asked(world.load(text))
    assert all(asked.matches(asked.rule("r"), event) for event in samples.events(asked.rule("r")))


def test_keys_that_cannot_be_met_give_no_sample(world):
    text = "lictor: 1\nname: p\nrules: [{ id: r, on: network, match: { ip: 10.0.0.1, net: loopback }, action: deny }]"
    assert not list(samples.events(world.asked(world.load(text)).rule("r")))


def test_meetings_are_events_of_both(world):
    text = """
lictor: 1
name: p
rules:
  - { id: a, on: [file.write, file.delete], match: { path: "/a/**", exe: "/usr/**" }, action: allow }
  - { id: b, on: file.write, match: { path: "**/b" , exe: "**/vi" }, action: deny }
"""
    asked = world.asked(world.load(text))
    met = list(samples.meetings(asked.rule("a"), asked.rule("b")))
    assert met
    assert all(asked.matches(asked.rule(name), event) for name in "ab" for event in met)


def test_an_event_is_filled_in_and_varied(world):
    event = samples.filled(TestEvent(on="file.read", path="~/x/../y", intent=("read", "write")), world.context)
    assert event.path == "/home/u/y"
    assert samples.varied(event, intent=(), exe="/x") == TestEvent(on="file.read", path="/home/u/y", exe="/x")
