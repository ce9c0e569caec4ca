from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.analysis.reach import hides, local, operations, reach
from pipeline.policy.compile import CompiledMatch, CompiledRule, Layer, Program
from pipeline.policy.decide import Decider, Facts

RULE = CompiledRule("", "p", "v", "", None, frozenset({"exec"}), CompiledMatch(), None, None, None, None, (), False, "")
RULES = st.builds(lambda action, enforce: replace(RULE, action=action, enforce=enforce), st.sampled_from(schema.VERDICTS), st.booleans())  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(RULES, RULES, st.lists(RULES, max_size=2), st.sampled_from([None, "allow", "deny", "kill"]))
def test_a_rule_that_is_hidden_decides_nothing(first, second, others, default):
    rules = (
        replace(first, id="first"),
        replace(second, id="second"),
        *(replace(r, id=f"o{i}") for i, r in enumerate(others)),
    )
    defaults = {} if default is None else {"exec": default}

    def verdict(kept):
        decider = Decider(Program("p", "v", "enforce", (Layer("p", "v", kept, defaults),)))
        return decider.decide(Facts("exec"))

    for rule, other, earlier in ((rules[0], rules[1], True), (rules[1], rules[0], False)):
        if hides(rule, other, earlier=earlier):
            assert verdict(rules).rule != other.id
            assert verdict(rules) == verdict(tuple(r for r in rules if r is not other))


def test_an_open_for_writing_is_reached_by_more_than_its_own_name():
    assert ("file.rename", ("file.rename", "file.write")) in reach(frozenset({"file.write"}))
    assert ("file.read", ("file.write",)) in reach(frozenset({"file.write"}))
    assert reach(frozenset({"file.rename"})) < reach(frozenset({"file.write"}))
    assert reach(frozenset({"net.send"})) < reach(frozenset({"network"}))


def test_operations_begin_with_those_that_are_named():
    assert operations(frozenset({"file.write"}))[0] == "file.write"
    assert "file.mkdir" in operations(frozenset({"file.write"}))


def test_both_ends_are_looked_at_where_selectors_are_mixed():
    assert local(frozenset({"net.bind"})) == {True}
    assert local(frozenset({"net.bind", "network"})) == {True, False}
