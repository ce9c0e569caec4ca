from __future__ import annotations

import pytest

from pipeline.policy.analysis.findings import Subject
from pipeline.policy.analysis.silence import check


def told(world, holds):
    policy = world.load(f"lictor: 1\nname: p\nholds: {{ {holds} }}\n")
    return [(f.place, f.kind, f.text) for f in check(Subject(policy, world.context))]


@pytest.mark.parametrize("holds", ["", "limit: 1s", "ask: deny, freeze: kill", "ask: kill, freeze: deny"])
def test_who_is_not_answered_is_not_released(world, holds):
    assert told(world, holds) == []


def test_each_release_by_silence_is_told_at_its_place_with_its_limit(world):
    (ask,) = told(world, "ask: release")
    assert ask[:2] == ("p.yaml:3:15", "fail-open")
    assert "what is asked for passes where nobody answers within 600 s" in ask[2]
    both = told(world, "limit: 2m, ask: release, freeze: release")
    assert [place for place, _, _ in both] == ["p.yaml:3:26", "p.yaml:3:43"]
    assert "a run that was frozen goes on where nobody answers within 120 s" in both[1][2]
