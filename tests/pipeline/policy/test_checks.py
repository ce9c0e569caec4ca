from __future__ import annotations

import pytest

from pipeline import schema
from pipeline.policy.checks import applies, problems
from pipeline.policy.source import read_tree


def told(text):
    return sorted((p.line, p.message) for p in problems(read_tree(text, "f")))


def test_doubled_ids_and_unknown_rules_of_tests():
    text = "rules:\n- id: a\n- id: b\n- id: a\ntests:\n- { rule: a }\n- { rule: c }\n- { rule: default:exec }\n- { rule: default:x }"
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
    ["a", "[1]", "rules: 3", "rules: [1, [], {}]", "rules: [{ id: [1], on: 3, match: 4 }]", "tests: [1, { rule: 2 }]"],
)
def test_other_shapes_are_left_to_the_model(text):
    assert told(text) == []


@pytest.mark.parametrize("selector", schema.SELECTORS)
def test_which_key_goes_with_which_operation(selector):
    network, file = selector.startswith("net"), selector.startswith("file.")
    assert applies("exe", selector)
    assert [applies(k, selector) for k in ("ip", "port", "protocol", "net")] == [network] * 4
    assert applies("path", selector) == (network or file or selector == "exec")
