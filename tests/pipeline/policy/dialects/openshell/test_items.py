"""Names, places and texts of items."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.items import Maker, below, line, slug
from pipeline.policy.dialects.openshell.shape import Reading


@pytest.mark.parametrize(
    ("text", "found"),
    [("my api", "my-api"), ("é", "unnamed"), ("-a.", "a"), ("x" * 99, "x" * 60), ("a_b.c-1", "a_b.c-1")],
)
def test_slugs(text, found):
    assert slug(text) == found


def test_lines():
    assert line("a\n b") == "a b"
    assert len(line("x" * 999)) == 300


@pytest.mark.parametrize(("path", "pattern"), [("/", "/**"), ("/a", "/a/**"), ("/a{b}*", "/a\\{b\\}\\*/**")])
def test_patterns_of_trees(path, pattern):
    assert below(path) == pattern


def test_no_name_stands_twice():
    maker = Maker(Reading())
    assert [maker.name(n) for n in ("a", "a", "a-2", "a", "b")] == ["a", "a-2", "a-2-2", "a-3", "b"]


def test_items_and_rules_know_where_they_come_from():
    maker = Maker(Reading({(): (1, 1), ("x", "a/b"): (7, 3)}))
    item = maker.item("n", ("x", "a/b", 0), "text", "exact")
    assert (item.pointer, item.line) == ("/x/a~1b/0", 7)
    assert maker.rule("n", ("x", "a/b"), on=["exec"], match={}, action="allow") == {
        "id": "n",
        "on": ["exec"],
        "action": "allow",
        "origin": "line 7 x.a/b",
    }
