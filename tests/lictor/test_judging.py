from __future__ import annotations

import pytest

from lictor import judging
from lictor.events import parse_event
from pipeline.policy.compile import RunContext
from pipeline.policy.load import load_policy
from pipeline.policy.targets.interface import Host

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")
TEXT = """lictor: 1
name: p
defaults: { network: deny }
rules:
  - { id: a, on: network, match: { port: 443 }, action: allow }
  - { id: b, on: net.connect, match: { ip: 10.0.0.0/8 }, action: deny }
"""


@pytest.fixture
def policy():
    return load_policy(TEXT, "p.yaml")


def test_where_it_is_enforced_depends_on_the_host(policy):
    here = judging.where_enforced([policy], CONTEXT, Host()).to_pylist()
    assert [r["rule"] for r in here] == ["a", "b", "default:network"]
    assert here[1]["enforced"].startswith("kernel")
    bare = judging.where_enforced([policy], CONTEXT, Host(sensor=False)).to_pylist()
    assert bare[1]["enforced"].startswith("nowhere")


def test_an_explanation_in_lines_and_as_data(policy):
    found = judging.explained([policy], parse_event("net.connect ip=10.1.1.1 port=443"), CONTEXT, None)
    lines = list(judging.explanation_lines(found))
    assert lines[0].endswith("deny by b")
    assert any("p.yaml:6:5" in line for line in lines)
    data = judging.explanation_data(found)
    assert (data["verdict"], data["rule"], data["wanted"]) == ("deny", "b", "allow")


def test_differences_by_rule(policy):
    other = load_policy(TEXT.replace("10.0.0.0/8", "10.0.0.0/16"), "q.yaml")
    (row,) = judging.differences(policy, other, CONTEXT).to_pylist()
    assert (row["kind"], row["rule"], row["effect"]) == ("changed", "b", "wider")
    assert row["example"].startswith("net.connect")
    assert not judging.differences(policy, policy, CONTEXT).num_rows


def test_findings_and_score(policy):
    one = judging.linted(policy, CONTEXT)
    assert "no-tests" in one.table.column("kind").to_pylist()
    lines = list(judging.score_lines(one))
    assert lines[0].startswith("p: permissiveness ")
    assert len(lines) == 1 + len(one.score.reasons)
