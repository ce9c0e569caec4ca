from __future__ import annotations

import pytest

from pipeline import schema
from pipeline.policy.combine import (
    STOPPING,
    UNSTOPPABLE,
    common_mode,
    excusable,
    last_operations,
    place_of,
    problem_at,
    refuse_excuses,
    refuse_twins,
    refuse_unstoppable,
)
from pipeline.policy.load import PolicyError, load_policy
from pipeline.policy.model import Place
from pipeline.policy.source import Problem


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


def test_what_only_records_may_want_to_stop_anything():
    refuse_unstoppable(policy(rest="rules: [{ id: r, on: exit, action: kill, mode: audit }]"))


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{ id: r, on: network, match: { domain: x.com }, action: deny }", True),
        ("{ id: r, on: network, match: { net: external }, unless: { domain: x.com }, action: deny }", False),
        ("{ id: r, on: network, match: { domain: x.com }, action: allow }", False),
        ("{ id: r, on: network, match: { domain: x.com }, action: deny, best_effort: true }", False),
        ("{ id: r, on: network, match: { domain: x.com }, action: deny, mode: audit }", False),
        ("{ id: r, sequence: [{ on: exec }, { on: network, match: { domain: x.com } }], within: 1s, action: deny }", True),
        ("{ id: r, sequence: [{ on: exec }, { on: network, not: true, match: { domain: x.com } }, { on: exec }], within: 1s, action: deny }", False),
    ],
)  # fmt: skip
def test_a_deny_by_what_nothing_here_can_tell_must_say_best_effort(rule, told):
    made = policy(rest=f"rules:\n- {rule}\n")
    refuse_unstoppable(made)
    if not told:
        refuse_unstoppable(made, {"domain": "nothing gives names"})
    else:
        assert said(refuse_unstoppable, made, {"domain": "nothing gives names"}) == (
            f"p.yaml:5:{rule.rindex('x.com') + 3}: rule 'r' could never match: nothing gives names; say 'best_effort: true' to keep it"
        )


SEQUENCE = (
    "rules:\n- { id: s, sequence: [{ on: exit }, { on: exec, not: true }, { on: %s }], within: 1s, action: freeze }\n"
)


def test_a_sequence_acts_at_its_last_event():
    ends, begins = policy(rest=SEQUENCE % "[exec, exit]"), policy(rest=SEQUENCE % "fork")
    assert last_operations(ends.rules[0]) == ("exec", "exit")
    assert last_operations(policy(rest="rules: [{ id: r, on: fork, action: deny }]").rules[0]) == ("fork",)
    assert said(refuse_unstoppable, ends).startswith("p.yaml:5:3: rule 's': nothing can freeze exit")
    refuse_unstoppable(begins)


def test_a_problem_stands_in_the_file_of_its_rule():
    base = "lictor: 1\nname: b\n\nrules:\n  - { id: r, on: exit, action: deny }\n"
    made = load_policy("lictor: 1\nname: p\ninclude: b.yaml\n", "p.yaml", lambda _name, _including: (base, "b.yaml"))
    assert said(refuse_unstoppable, made).startswith("b.yaml:5:18: rule 'r': nothing can deny exit")


def test_the_nearest_place_is_found():
    made = policy(rest="rules:\n- { id: r, on: exec, action: deny }\n")
    assert place_of(made, ("rules", 0, "on")) == Place("p.yaml", 5, 16)
    assert place_of(made, ("rules", 0, "match", "path", 7)) == Place("p.yaml", 5, 3)
    assert place_of(made, ("nowhere",)) == Place("p.yaml", 1, 1)
    assert problem_at(made, ("mode",), "said") == Problem(3, 7, "said", "p.yaml")


def test_which_actions_stop_something():
    assert set(schema.VERDICTS) - set(STOPPING) == {"allow", "audit"}
    assert set(UNSTOPPABLE) <= set(schema.SELECTORS)


RULES = """defaults: { exec: ask, exit: audit }
rules:
- { id: asks, on: fork, action: ask }
- { id: stops, on: fork, action: freeze }
- { id: denies, on: fork, action: deny }
"""


def test_only_what_asks_or_freezes_is_excused():
    made = policy(rest=RULES)
    refuse_excuses([made], ["asks", "stops", "default:exec", "gone", "default:network"])
    assert said(refuse_excuses, [made], ["asks", "denies"]) == (
        "p.yaml:8:35: 'denies' says deny: only what asks or freezes can be excused"
    )
    assert said(refuse_excuses, [made], ["default:exit"]).startswith("p.yaml:4:30: 'default:exit' says audit")
    assert said(refuse_excuses, [policy("other"), made], ["denies"]).startswith("p.yaml:8:")


def test_excuses_from_what_has_come_to_deny_are_left_out():
    excused = {"asks": 1, "denies": 2, "gone": 3, "default:exec": 4, "default:exit": 5}
    left = {"asks": 1, "gone": 3, "default:exec": 4}
    assert excusable([policy("other"), policy(rest=RULES)], excused) == left
    refuse_excuses([policy("other"), policy(rest=RULES)], left)
