"""What the tests of drafts ask: what a drafted document says of an event, by the reader and decider that real policies go through."""

from __future__ import annotations

import pytest

from pipeline.policy.compile import RunContext
from pipeline.policy.draft import draft
from pipeline.policy.load import load_policy
from pipeline.policy.model import PolicyTest, TestEvent
from pipeline.policy.testing import run_tests
from pipeline.policy.text import to_yaml

CONTEXT = RunContext("/home/dev/repo", "/home/dev", {}, "dev", "box", "")


def judged(document, wanted, **event):
    """Whether the document gives ``wanted`` for one event."""
    from dataclasses import replace  # noqa: PLC0415 - only this helper needs it

    policy = load_policy(to_yaml(document), "draft.yaml")
    test = PolicyTest(expect=wanted, event=TestEvent(**event))
    (result,) = run_tests(replace(policy, tests=(test,)), CONTEXT)
    return result.passed, result.text


@pytest.fixture
def says():
    """Asserts what the rules drafted from a sentence say of an event."""

    def check(sentence, wanted, **event):
        passed, text = judged(draft(sentence).document, wanted, **event)
        assert passed, text

    return check


@pytest.fixture
def drafted():
    """The rules drafted from a sentence, as (id, action)."""
    return lambda sentence: [(p.rule["id"], p.rule["action"]) for p in draft(sentence).proposals]
