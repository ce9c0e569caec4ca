from __future__ import annotations

import pytest

from pipeline.policy.analysis.suggest_facts import GOVERNABLE, Fact, every_name, labels_for, names_of, selectors_of
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider, Facts
from pipeline.policy.labels import BUILT_IN
from pipeline.policy.load import load_policy
from pipeline.schema import OPERATIONS

CONTEXT = RunContext("/w", "/h", {}, "u", "h", "a")


@pytest.mark.parametrize("operation", [o.name for o in OPERATIONS])
@pytest.mark.parametrize("intents", [(), ("read",), ("read", "write"), ("truncate",)])
@pytest.mark.parametrize("protocol", ["tcp", "unix"])
def test_selectors_are_those_whose_default_the_judge_would_apply(operation, intents, protocol):
    """Asked of the judge: closing one selector alone denies the event exactly where the selector is named."""
    denied = set()
    for selector in GOVERNABLE:
        text = f"lictor: 1\nname: p\ndefaults: {{ {selector}: deny }}\n"
        decider = Decider(compile_policies([load_policy(text, "p")], CONTEXT))
        if decider.decide(Facts(operation, frozenset(intents), protocol=decider.protocol(protocol))).verdict == "deny":
            denied.add(selector)
    fact = Fact("r", operation, 1, frozenset(intents), protocol=protocol)
    assert set(selectors_of(fact, frozenset(GOVERNABLE))) == denied


def test_names_that_must_be_allowed():
    assert names_of(Fact("r", "file.rename", 1, path="/a", path_to="/b")) == ("/a", "/b")
    assert names_of(Fact("r", "file.symlink", 1, path="/a", path_to="/b")) == ("/b",)
    assert names_of(Fact("r", "file.write", 1, path="/a", path_to="/b")) == ("/a",)
    assert names_of(Fact("r", "exec", 1, path="/a", exe="/e")) == ("/e",)
    assert names_of(Fact("r", "exec", 1, path="/a")) == ("/a",)


def test_names_that_a_rule_can_deny_by():
    assert every_name(Fact("r", "exec", 1, path="/a", exe="/e", script="/s")) == ("/a", "/s", "/e")
    assert every_name(Fact("r", "file.symlink", 1, path="/a", path_to="/b", exe="/e")) == ("/a", "/b")


def test_labels_are_built_in_ones_and_all_of_them_matter_to_a_write():
    assert set(labels_for("file.write")) == set(BUILT_IN)
    assert set(labels_for("file.read")) < set(BUILT_IN)
