"""What the tests of the OpenShell dialect share: a decider for an imported or written policy, and its verdicts."""

from __future__ import annotations

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider
from pipeline.policy.dialects.openshell.reader import DIALECT
from pipeline.policy.load import load_policy
from pipeline.policy.model import TestEvent
from pipeline.policy.source import PolicyError
from pipeline.policy.testing import facts_of
from pipeline.policy.text import to_yaml

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")


def imported(text, accepted=frozenset()):
    return load_policy(to_yaml(DIALECT.read(text, "p.yaml").document(accepted)), "p.yaml")


def judge_of(policy):
    return Decider(compile_policies([policy], CONTEXT, mode="audit"))


def verdicts(text, accepted=frozenset()):
    return judge_of(imported(text, accepted))


def verdict(judge, **event):
    return judge.decide(facts_of(TestEvent(**event), judge, CONTEXT)).verdict


def refused(text):
    try:
        DIALECT.read(text, "p")
    except PolicyError:
        return True
    return False


def problems(text):
    """Places and messages of what is refused."""
    try:
        DIALECT.read(text, "p")
    except PolicyError as error:
        return [(p.line, p.column, p.message) for p in error.problems]
    return []


def endpoint(fields, rest=""):
    """A policy with one endpoint, as YAML flow text."""
    return f"version: 1\nnetwork_policies: {{p: {{endpoints: [{{{fields}}}], binaries: [{{path: /x}}]}}}}\n{rest}"
