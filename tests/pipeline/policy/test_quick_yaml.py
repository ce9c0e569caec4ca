"""The fast parser gives what the slow one gives, or gives up."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy import source
from pipeline.policy.quick_yaml import GiveUpError, quick_tree
from pipeline.policy.source import DEEPEST, PolicyError, Tree

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.text()
    | st.sampled_from(["on", "22:80", "~", "1e3", "# x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def slowly(text):
    tree = Tree(None)
    problems = []
    data = source._data(source._compose(text, "f"), (), tree, problems)
    assert not problems
    return Tree(data, tree.values, tree.keys)


def quickly(text):
    tree = Tree(None)
    return Tree(quick_tree(text, tree.values, tree.keys, source._scalar, DEEPEST), tree.values, tree.keys)


@given(VALUES, st.sampled_from([True, False, None]))
def test_both_ways_give_the_same_data_and_places(value, style):
    text = yaml.safe_dump(value, default_flow_style=style, allow_unicode=True)
    try:
        found = quickly(text)
    except GiveUpError:
        return  # aliases, tags: for the slow parser to refuse
    assert found == slowly(text)


@pytest.mark.parametrize("file", sorted(Path("policies").resolve().glob("*.yaml")), ids=lambda p: p.stem)
def test_ready_made_policies_go_the_fast_way(file):
    text = file.read_text()
    assert quickly(text) == slowly(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: &x 1",
        "a: *x",
        "a: !!str 1",
        "a: 1\na: 2",
        "a: 1\n---\nb: 2",
        "[" * 20 + "]" * 20,
        "? [a]\n: b",
        "a: [",
        "\x01",
    ],
)
def test_gives_up_where_the_slow_way_has_to_speak(text):
    with pytest.raises(GiveUpError):
        quickly(text)
    with pytest.raises(PolicyError):
        source.read_tree(text, "f")
