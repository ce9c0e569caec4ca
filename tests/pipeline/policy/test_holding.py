from __future__ import annotations

from itertools import permutations

import pytest

from pipeline.policy.holding import Holds, joint_failure, joint_holds
from pipeline.policy.kinds import ANSWERS
from pipeline.policy.load import load_policy


def policies(*heads):
    return [load_policy(f"lictor: 1\nname: p{i}\n{head}\n", f"p{i}.yaml") for i, head in enumerate(heads)]


def test_what_holds_where_nobody_says_anything():
    usual = Holds(limit_s=600.0, ask="deny", freeze="kill")
    assert joint_holds([]) == joint_holds(policies("", "holds: {}")) == usual


def test_one_policy_says_what_it_wants():
    assert joint_holds(policies("holds: { limit: 1.5h, ask: release, freeze: deny }")) == Holds(
        5400.0, "release", "deny"
    )
    assert joint_holds(policies("holds: { limit: 1s }")) == Holds(1.0, "deny", "kill")


@pytest.mark.parametrize(
    ("heads", "joint"),
    [
        (["holds: { limit: 1h }", "holds: { limit: 5m }", "holds: { limit: 2h }"], Holds(300.0)),
        (["holds: { limit: 1h }", ""], Holds(3600.0)),
        (["holds: { ask: release }", "holds: { ask: kill }", "holds: { ask: deny }"], Holds(ask="kill")),
        (["holds: { ask: release, freeze: release }"] * 2, Holds(ask="release", freeze="release")),
        (["holds: { freeze: deny }", "holds: { freeze: release }"], Holds(freeze="deny")),
    ],
)
def test_several_policies_only_narrow_whatever_their_order(heads, joint):
    for order in permutations(heads):
        assert joint_holds(policies(*order)) == joint


@pytest.mark.parametrize("key", ["ask", "freeze"])
def test_a_policy_that_is_silent_has_its_questions_released_by_no_other(key):
    usual = getattr(Holds(), key)
    for answer in ANSWERS:
        found = joint_holds(policies(f"holds: {{ {key}: {answer} }}", "rules: [{ id: r, on: exec, action: ask }]"))
        assert getattr(found, key) == max(answer, usual, key=ANSWERS.index)


@pytest.mark.parametrize(
    ("heads", "joint"),
    [
        ([], None),
        ([""], None),
        (["on_failure: open"], "open"),
        (["on_failure: open", "on_failure: open"], "open"),
        (["on_failure: open", ""], None),
        (["on_failure: closed", ""], "closed"),
        (["on_failure: open", "on_failure: closed"], "closed"),
    ],
)
def test_runs_go_on_unwatched_only_where_every_policy_says_so(heads, joint):
    for order in permutations(heads):
        assert joint_failure(policies(*order)) == joint
