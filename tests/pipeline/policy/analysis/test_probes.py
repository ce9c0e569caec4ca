from __future__ import annotations

from dataclasses import replace

from pipeline.policy.analysis.probes import VERBS, WEIGHTS, label_paths, probes
from pipeline.policy.labels import BUILT_IN


def test_the_probes_of_a_kind_share_its_weight(world):
    found = probes(world.context)
    for kind, weight in WEIGHTS.items():
        assert abs(sum(p.weight for p in found if p.kind == kind) - weight) < 1e-9
    assert {p.kind for p in found} == set(WEIGHTS) == set(VERBS)


def test_each_label_is_probed_as_a_rule_on_it_matches(world):
    for label, on in (("credential", "file.read"), ("persistence", "file.write"), ("guard", "file.write")):
        text = f"lictor: 1\nname: p\nrules: [{{ id: r, on: {on}, match: {{ label: {label} }}, action: deny }}]"
        asked = world.asked(world.load(text))
        events = [p.event for p in probes(world.context) if p.kind == label]
        assert len(events) >= len(BUILT_IN[label])
        assert all(asked.decide(event).rule == "r" for event in events)


def test_paths_are_those_of_the_context(world):
    other = replace(world.context, home="/Users/x")
    assert "/Users/x/.ssh/id_rsa" in label_paths("credential", other)


def test_no_question_is_asked_twice(world):
    names = [(p.kind, p.name) for p in probes(world.context)]
    assert len(set(names)) == len(names)
