"""Expressions of Cedar: what binds how, and what is refused while parsing."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.leash.cedar import parse
from pipeline.policy.source import PolicyError


def body(text):
    (statement,) = parse(f"permit (principal, action, resource) when {{ {text} }};", "p")
    return statement.conditions[0].body


def shown(node):
    return f"({node.op} {' '.join(map(shown, node.args))})" if node.args else str(node.value or node.op)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("true || false && true", "(|| true (&& false true))"),
        ("1 + 2 * 3 == 7", "(== (+ 1 (* 2 3)) 7)"),
        ("1 - 2 - 3 < 0", "(< (- (- 1 2) 3) 0)"),
        ("!(context.a) && -1 < 2", "(&& (! (attribute context)) (< (negative 1) 2))"),
        ("if true then context.a else resource", "(if true (attribute context) resource)"),
        ("[1, 2].contains(1)", "(call (set 1 2) 1)"),
        ('context has a.b && context["x"] like "*"', "(&& (has context) (like (attribute context)))"),
        ('resource in [context::"x"]', "(in resource (set Entity(type='context', id='x')))"),
        ('resource is File in Dir::"/"', "(is resource Entity(type='Dir', id='/'))"),
        ('{"a": ip("1.1.1.1"), b: 2,} == {}', "(== (record (call 1.1.1.1) 2) record)"),
    ],
)
def test_how_it_binds(text, tree):
    assert shown(body(text)) == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("missing == true", "1:45: unknown name 'missing'"),
        ("context.a.fly()", "1:55: 'fly' is no method"),
        ("context like x", "1:58: a pattern in double quotes is wanted"),
        ("[1 2]", r"1:48: ',' is wanted"),
        ("context.", "1:54: the name of an attribute is wanted"),
        ("(" * 150 + "true" + ")" * 150, "nested deeper than 40"),
        (" && ".join(["true"] * 300), "more than 200"),
        ("!" * 300 + "true", "more than 40"),
        ("", "1:46: a value is wanted"),
        ("{1: 2}", "1:46: a record needs the name"),
        ("context has 1", "1:57: 'has' needs"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(PolicyError, match=message):
        body(text)
