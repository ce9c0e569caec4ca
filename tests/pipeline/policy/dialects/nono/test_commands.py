"""Invocation policies as rules on command lines, against the words themselves."""

from __future__ import annotations

import shlex

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.dialects.nono.commands import above, below, invocations
from pipeline.policy.texts import text_regex


def test_order_of_a_policy():
    policy = {
        "default": "deny",
        "deny": [{"argv": {"prefix": ["issue", "comment"]}, "reason": "no"}],
        "approve": [{"argv": {"exact": ["auth"]}}],
        "allow": [{"argv": {"prefix": ["issue"]}}, {"argv": {"contains": ["x"]}}],
    }
    command = {"executable": "/opt/gh", "from": {"session": {"sandbox": {}, "invocation_policy": policy}, "sh": "deny"}}
    found = [(path[-2:], rules[0]) for path, _, rules, _ in invocations("gh", command, ())]
    names = ["**/gh", "/opt/gh"]
    assert found == [
        (("deny", 0), {"on": ["exec"], "match": {"path": names, "argv": ["* issue comment", "* issue comment *"]}, "action": "deny", "because": "no"}),
        (("approve", 0), {"on": ["exec"], "match": {"path": names, "argv": ["* auth"]}, "action": "ask"}),
        (("invocation_policy", "default"), {"on": ["exec"], "match": {"path": names}, "action": "deny", "unless": {"argv": ["gh auth", "/opt/gh auth", "gh issue", "/opt/gh issue", "gh issue *", "/opt/gh issue *"]}}),
        (("from", "sh"), {"on": ["exec"], "match": {"path": names}, "action": "deny"}),
    ]  # fmt: skip


@pytest.mark.parametrize(("default", "count"), [("allow", 0), ({"decision": "approve"}, 1), (None, 1)])
def test_defaults(default, count):
    command = {
        "from": {"session": {"sandbox": {}, "invocation_policy": {"default": default} if default else {"deny": []}}}
    }
    assert len(list(invocations("x", command, ()))) == count


words = st.text(alphabet="ab -'*", min_size=1, max_size=4)


@given(
    st.sampled_from(["exact", "prefix", "contains"]),
    st.lists(words, min_size=1, max_size=2),
    st.lists(words, max_size=4),
)
def test_above_misses_nothing_and_below_matches_nothing_else(kind, wanted, arguments):
    truth = {
        "exact": arguments == wanted,
        "prefix": arguments[: len(wanted)] == wanted,
        "contains": all(w in arguments for w in wanted),
    }[kind]
    line = shlex.join(["gh", *arguments])
    rule = {"argv": {kind: wanted}}

    def hit(patterns):
        return any(re2.fullmatch(text_regex(p), line) for p in patterns)

    assert hit(above(rule)) or not truth
    assert truth or not hit(below("gh", [], rule))
