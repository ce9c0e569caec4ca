from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.analysis.effects import Side, of_default, of_rule

RNG = st.randoms(use_true_random=False)


def level(asked, event):
    decision = asked.decide(event)
    recorded = (decision.policy, decision.rule) in asked.program.recording
    rank = schema.VERDICTS.index(decision.verdict)
    return 0 if recorded or decision.verdict in ("allow", "audit") else rank


def seen(world, old, new, events):
    before, after = world.asked(old), world.asked(new)
    levels = [(level(before, e), level(after, e)) for e in events]
    return {"wider" if b < a else "narrower" for a, b in levels if a != b}


@settings(max_examples=150, deadline=None)
@given(RNG)
def test_what_is_certain_of_a_changed_rule_holds_for_every_event(world, rng):
    document = world.document(rng)
    rules = [dict(rule) for rule in document["rules"]]
    at = rng.randrange(len(rules))
    how = rng.choice(["gone", "other", "action", "unless", "path"])
    if how == "gone":
        rules.pop(at)
    elif how == "other":
        rules[at] = world.rule(rng, rules[at]["id"])
    elif how == "action":
        rules[at]["action"] = rng.choice(["allow", "audit", "ask", "deny", "kill"])
    elif how == "unless":
        rules[at].pop("unless", None)
    else:
        rules[at]["match"] = {k: v for k, v in rules[at]["match"].items() if rng.random() < 0.5}
    old, new = world.load(document), world.load(document | {"rules": rules})
    effect = of_rule(Side(old, world.context), Side(new, world.context), document["rules"][at]["id"])
    found = seen(world, old, new, world.events(rng, 60))
    if effect.certain:
        allowed = {"both": {"wider", "narrower"}, "none": set()}.get(effect.effect, {effect.effect})
        assert found <= allowed, (effect, rules[at])
    for name in ("wider", "narrower"):
        witness = getattr(effect, name)
        assert witness is None or seen(world, old, new, [witness]) == {name}


@settings(max_examples=60, deadline=None)
@given(RNG)
def test_what_is_certain_of_a_default_holds_for_every_event(world, rng):
    document = world.document(rng)
    selector, action = (
        rng.choice(["file.read", "file.write", "exec", "network"]),
        rng.choice([None, "allow", "deny", "kill"]),
    )
    made = {k: v for k, v in {**document["defaults"], selector: action}.items() if v}
    old, new = world.load(document), world.load(document | {"defaults": made})
    effect = of_default(Side(old, world.context), selector, action)
    found = seen(world, old, new, world.events(rng, 60))
    if effect.certain:
        assert found <= ({effect.effect} - {"none"})


def side(world, *rules, **head):
    return Side(world.load(json.dumps({"lictor": 1, "name": "p", "rules": list(rules), **head})), world.context)


DENY = {"id": "r", "on": "file.read", "match": {"path": "/a/**"}, "action": "deny"}
SEQUENCE = {"id": "r", "sequence": [{"on": "exec"}, {"on": "fork"}], "within": "1s", "action": "kill"}


@pytest.mark.parametrize(
    ("old", "new", "effect", "certain"),
    [
        ([], [DENY], "narrower", True),
        ([DENY], [], "wider", True),
        ([DENY], [DENY | {"action": "kill"}], "narrower", True),
        ([DENY], [DENY | {"action": "allow"}], "wider", True),
        ([DENY], [DENY | {"mode": "audit"}], "wider", True),
        ([DENY], [DENY | {"unless": {"exe": "/x"}}], "wider", True),
        ([DENY], [DENY | {"match": {"path": "/b/**"}}], "both", True),
        ([DENY | {"id": "s"}], [DENY | {"id": "s"}, DENY | {"match": {"path": "/a/b"}}], "none", True),
        ([], [DENY | {"action": "audit"}], "none", True),
        ([], [SEQUENCE], "narrower", True),
        ([SEQUENCE], [], "wider", True),
        ([SEQUENCE], [SEQUENCE | {"within": "2s"}], "unknown", False),
        ([], [DENY | {"expires": "1969-01-01"}], "none", True),
    ],
)
def test_the_plain_cases_are_told(world, old, new, effect, certain):
    found = of_rule(side(world, *old), side(world, *new), "r")
    assert (found.effect, found.certain) == (effect, certain)


def test_a_deny_in_place_of_a_kill_by_default_is_wider(world):
    head = {"defaults": {"file.read": "kill"}}
    found = of_rule(side(world, **head), side(world, DENY, **head), "r")
    assert (found.effect, found.wider.on) == ("wider", "file.read")


def test_a_meaning_is_what_has_a_part_in_the_verdict(world):
    told = DENY | {"because": "x", "title": "y", "severity": "high"}
    assert (
        side(world, DENY).meaning("r")
        == side(world, told).meaning("r")
        != side(world, DENY | {"action": "kill"}).meaning("r")
    )
    assert side(world, SEQUENCE).meaning("r") is not None
    assert side(world).meaning("r") is None
