from __future__ import annotations

import pytest

from pipeline.policy.combine import common_mode, place_of, refuse_twins, refuse_unstoppable
from pipeline.policy.load import PolicyError, load_policy


def policy(name="p", mode="enforce", rest=""):
    return load_policy(f"lictor: 1\nname: {name}\nmode: {mode}\n{rest}", f"{name}.yaml")


def said(call, *arguments):
    with pytest.raises(PolicyError) as caught:
        call(*arguments)
    return str(caught.value)


def test_policies_in_force_together_have_one_mode():
    assert common_mode([]) == "enforce"
    assert common_mode([policy("a", "audit"), policy("b", "audit")]) == "audit"
    assert said(common_mode, [policy("a"), policy("b", "audit")]).startswith(
        "b.yaml:3:7: mode 'audit' cannot be combined with 'enforce' of a.yaml"
    )


def test_two_policies_of_one_name_are_refused():
    refuse_twins([policy("a"), policy("b")])
    assert said(refuse_twins, [policy("a"), policy("a")]).startswith(
        "a.yaml:2:7: policy 'a' is already loaded from a.yaml"
    )


def test_what_nothing_can_stop_must_say_best_effort():
    rule = "rules:\n- {{ id: r, on: [exec, exit], action: kill{} }}\n"
    refuse_unstoppable(policy(rest=rule.format(", best_effort: true")))
    refuse_unstoppable(policy(rest="rules: [{ id: r, on: exit, action: audit }]"))
    assert said(refuse_unstoppable, policy(rest=rule.format(""))).startswith(
        "p.yaml:5:16: rule 'r': nothing can kill exit"
    )
    assert (
        said(refuse_unstoppable, policy(rest="defaults: { exit: deny }"))
        == "p.yaml:4:19: nothing can deny exit; use 'audit'"
    )


def test_the_nearest_place_is_found():
    made = policy(rest="rules:\n- { id: r, on: exec, action: deny }\n")
    assert place_of(made, ("rules", 0, "on")) == (5, 16)
    assert place_of(made, ("rules", 0, "match", "path", 7)) == (5, 3)
    assert place_of(made, ("nowhere",)) == (1, 1)
