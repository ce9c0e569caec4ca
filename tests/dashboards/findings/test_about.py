"""What found a finding, of every kind that writes findings."""

from __future__ import annotations

import pytest

from dashboards.findings.about import finder
from queries.hunting import hunts


@pytest.mark.parametrize("name", sorted(hunts()))
def test_a_hunt_tells_its_question_and_its_false_positives(name):
    found, hunt = finder(f"hunt:{name}", None), hunts()[name]
    assert (found.kind, found.answers, found.false_positives) == ("Hunt", hunt.answers, hunt.false_positives)
    assert found.hunt is hunt


@pytest.mark.parametrize(
    ("rule", "policy", "kind", "name"),
    [
        ("hunt:gone", None, "Hunt", "gone"), ("sigma:0e2b", None, "Sigma rule", "0e2b"), ("lictor:action-failed", "base", "Lictor", "action-failed"),
        ("keys-then-network", "base", "Rule of a policy", "keys-then-network"), (None, None, "Rule of a policy", "?"),
        ("sequence:odd", "base", "Rule of a policy", "sequence:odd"),
    ],
)  # fmt: skip
def test_other_kinds_are_told_apart_by_the_rules_name(rule, policy, kind, name):
    found = finder(rule, policy)
    assert (found.kind, found.name, found.hunt) == (kind, name, None)
    assert found.answers
