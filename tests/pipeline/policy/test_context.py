from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.policy.context import RunContext, in_scope, resolver
from pipeline.policy.globs import GlobError
from pipeline.policy.model import Policy, Scope

CONTEXT = RunContext(
    "/src/shop/",
    "/home/u",
    {"CACHE": "/c/", "EMPTY": "", "HOME": "/elsewhere", "workspace": "/elsewhere"},
    "u",
    "box",
    "codex",
)


def policy(**scope):
    return Policy("p", "audit", Scope(**{k: tuple(v) for k, v in scope.items()}), {}, (), (), "f", "v")


@pytest.mark.parametrize(
    ("scope", "holds"),
    [
        ({}, True),
        ({"agents": ["claude*", "codex"]}, True),
        ({"agents": ["claude*"]}, False),
        ({"agents": ["CODEX"]}, False),
        ({"users": ["u"], "hosts": ["b?x"]}, True),
        ({"users": ["u"], "hosts": ["other"]}, False),
        ({"repos": ["shop"]}, True),
        ({"repos": ["/src/*"]}, True),
        ({"repos": ["sho"]}, False),
    ],
)
def test_each_key_of_a_scope_must_hold(scope, holds):
    assert in_scope(policy(**scope), CONTEXT) == holds


def test_values_of_variables():
    lookup = resolver(CONTEXT)
    assert [lookup(n) for n in ("workspace", "HOME", "CACHE")] == ["/src/shop", "/home/u", "/c"]
    assert resolver(replace(CONTEXT, workspace="/"))("workspace") == ""


@pytest.mark.parametrize("name", ["EMPTY", "ABSENT"])
def test_a_variable_without_a_value_is_refused(name):
    with pytest.raises(GlobError, match=f"'\\${{{name}}}' has no value here"):
        resolver(CONTEXT)(name)


def test_an_excuse_counts_until_its_time_is_up():
    excused = replace(CONTEXT, excused={"a": 10, "b": 20})
    assert [replace(excused, now_ns=now).excuses for now in (9, 10, 20)] == [{"a", "b"}, {"b"}, frozenset()]
    assert CONTEXT.excuses == frozenset()


def test_a_context_without_a_time_lets_nothing_expire():
    assert CONTEXT.now_ns == 0
