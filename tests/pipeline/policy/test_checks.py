from __future__ import annotations

import pytest

from pipeline import schema
from pipeline.policy.checks import applies, problems
from pipeline.policy.source import read_tree


def told(text):
    return sorted((p.line, p.message) for p in problems(read_tree(text, "f")))


def test_doubled_ids_and_unknown_rules_of_tests():
    text = (
        "rules:\n- { on: exec, id: a }\n- { on: exec, id: b }\n- { on: exec, id: a }\n"
        "tests:\n- { event: {}, rule: a }\n- { event: {}, rule: c }\n- { event: {}, rule: default:exec }\n- { event: {}, rule: default:x }"
    )
    assert told(text) == [
        (4, "rule id 'a' stands twice, first in line 2"),
        (7, "the policy has no rule 'c'"),
        (9, "the policy has no rule 'default:x'"),
    ]


def test_keys_that_could_never_match():
    text = "rules:\n- on: [file.read, net.connect]\n  match: { ip: 10.0.0.1 }\n- on: exit\n  unless:\n    path: /x\n- on: exec\n  match: { path: /x }"
    assert told(text) == [
        (3, "'ip' never matches file.read: such events have none; write a rule of its own"),
        (6, "'path' never matches exit: such events have none; write a rule of its own"),
    ]


@pytest.mark.parametrize(
    "text",
    ["a", "[1]", "rules: 3", "rules: [1, []]", "rules: [{ id: [1], on: 3, match: 4 }]", "tests: [1, { event: 1, rule: 2 }]",
     "rules: [{ sequence: 3, within: 1 }]", "rules: [{ sequence: [1, 2], within: 1 }]", "rules: [{ on: 1, action: [], match: { rate: 1 } }]"],
)  # fmt: skip
def test_other_shapes_are_left_to_the_model(text):
    assert told(text) == []


@pytest.mark.parametrize("selector", schema.SELECTORS)
def test_which_key_goes_with_which_operation(selector):
    network, file = selector.startswith("net"), selector.startswith(("file.", "registry"))
    assert all(applies(k, selector) for k in ("exe", "user", "parent", "size", "rate", "taint"))
    assert [applies(k, selector) for k in ("ip", "port", "protocol", "net", "domain")] == [network] * 5
    assert [applies(k, selector) for k in ("path", "label")] == [
        network or file or selector in ("exec", "image.load", "script.run")
    ] * 2
    assert [applies(k, selector) for k in ("argv", "exe_hash")] == [selector == "exec"] * 2


def rule(text):
    return told(f"mode: enforce\nrules:\n- {{ {text} }}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("match: {}", ["'on' is missing"]),
        ("on: , match: {}", ["'on' is missing"]),
        ("sequence: , action: deny", ["'on' is missing"]),
        ("on: exec, within: 1s, by: user", ["'by' belongs to a sequence", "'within' belongs to a sequence"]),
        ("on: exec, match: { rate: 1/s }, action: deny", []),
        ("on: exec, match: { rate: 1/s }, action: audit", []),
        ("on: exec, match: { rate: 1/s }, action: allow", ["'rate' cannot allow: it tells of what was, and allowing lifts a default"]),
        ("on: exec, match: { taint: x }, action: allow", ["'taint' cannot allow: it tells of what was, and allowing lifts a default"]),
        ("on: exec, unless: { taint: x }", ["'taint' cannot be an exception: what was is told by 'match' only"]),
        ("on: exec, unless: { exe: /x, rate: 1/s }", ["'rate' cannot be an exception: what was is told by 'match' only"]),
        ("on: [exec, fork], match: { argv: x }", ["'argv' never matches fork: such events have none; write a rule of its own"]),
        ("on: file.read, match: { domain: x.com }", ["'domain' never matches file.read: such events have none; write a rule of its own"]),
    ],
)  # fmt: skip
def test_rules_about_single_events(text, said):
    assert [message for _, message in rule(text)] == said


TWO = "sequence: [{ on: exec }, { on: exec }]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{TWO}, within: 1s, action: deny", []),
        ("sequence: [{ on: exec, count: 2 }], within: 1s, action: deny", []),
        ("sequence: [{ on: exec }], within: 1s", ["one event is no sequence: use 'on' and 'match'"]),
        (TWO, ["a sequence needs 'within', such as within: 60s"]),
        (f"{TWO}, within: ", ["a sequence needs 'within', such as within: 60s"]),
        (f"{TWO}, within: 1s, action: allow", ["a sequence cannot allow: use 'audit' or stronger"]),
        (f"{TWO}, within: 1s, on: exec, match: {{}}, unless: {{ exe: /x }}",
         ["'match' stands in the steps of a sequence", "'on' stands in the steps of a sequence", "'unless' stands in the steps of a sequence"]),
        ("sequence: [{ on: exec, not: true }, { on: exec }], within: 1s", ["a sequence neither begins nor ends with 'not'"]),
        ("sequence: [{ on: exec }, { on: exec, not: true }], within: 1s", ["a sequence neither begins nor ends with 'not'"]),
        ("sequence: [{ on: exec }, { on: exit, not: true }, { on: exec }], within: 1s", []),
        ("sequence: [{ on: exec }, { on: exit, not: true, count: 2 }, { on: exec }], within: 1s", ["what must not be there cannot be counted"]),
        ("sequence: [{ on: exec }, { on: exec, match: { rate: 1/s } }], within: 1s", ["in a sequence, write 'count' and 'within'"]),
        ("sequence: [{ on: exec }, { on: exec, unless: {} }], within: 1s", ["'unless' is empty, so the rule could never match: leave it out"]),
        ("sequence: [{ on: exec }, { on: fork, match: { port: 1 } }], within: 1s",
         ["'port' never matches fork: such events have none; write a rule of its own"]),
        ("sequence: [{ on: exec }, { on: exec, match: { taint: credential } }], within: 1s, action: kill", []),
    ],
)  # fmt: skip
def test_sequences(text, said):
    assert [message for _, message in rule(text)] == said


def test_a_rule_cannot_enforce_what_its_policy_only_records():
    text = "mode: {}\nrules:\n- {{ on: exec, mode: {} }}"
    assert told(text.format("audit", "enforce")) == [(3, "the policy is in mode audit, which stops nothing")]
    assert (
        told(text.format("enforce", "enforce"))
        == told(text.format("audit", "audit"))
        == told(text.format("x", "audit"))
        == []
    )


@pytest.mark.parametrize(
    ("test", "right"),
    [("event: {}", True), ("events: [{}]", True), ("event: {}, events: [{}]", False), ("expect: deny", False), ("event: ", False), ("event: , events: [{}]", True)],
)  # fmt: skip
def test_a_test_has_one_event_or_several(test, right):
    assert told(f"tests:\n- {{ {test} }}") == ([] if right else [(2, "a test has either 'event' or 'events'")])


def test_rules_of_included_files_are_left_to_whoever_has_them():
    assert told("include: x\ntests: [{ event: {}, rule: elsewhere }]") == []
