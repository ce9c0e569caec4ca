from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.source import LARGEST, PolicyError, Problem, read_tree

words = st.text(
    st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8
)  # JSON writes others as two escapes, which YAML reads as two
plain = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | words
documents = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)


@given(documents)
def test_reads_json_as_json(data):
    text = json.dumps(data)
    assert read_tree(text, "f").data == json.loads(text)


@given(
    st.dictionaries(
        st.from_regex("[a-z]{1,5}", fullmatch=True), st.lists(st.from_regex("[a-z]{1,5}x", fullmatch=True), max_size=3)
    )
)
def test_positions_point_at_the_text(data):
    text = yaml.safe_dump(data, default_flow_style=False) if data else "{}"
    tree, lines = read_tree(text, "f"), text.splitlines()
    for key, values in data.items():
        for location, word in [((key,), key), *(((key, i), v) for i, v in enumerate(values))]:
            line, column = tree.position(location, key=location == (key,))
            assert lines[line - 1][column - 1 :].lstrip("'").startswith(word)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("on: off", {"on": "off"}),
        ("yes: no", {"yes": "no"}),
        ("a: 22:80", {"a": "22:80"}),
        ("a: 010", {"a": "010"}),
        ("a: 0x10", {"a": "0x10"}),
        ("a: 2024-01-01", {"a": "2024-01-01"}),
        ("a: ~", {"a": None}),
        ("a: ~/x", {"a": "~/x"}),
        ("a: '1'", {"a": "1"}),
        ("a: 1.5", {"a": 1.5}),
        ("a: -3", {"a": -3}),
    ],
)
def test_no_yaml_1_1_surprises(text, data):
    assert read_tree(text, "f").data == data


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f:1:1: the file is empty"),
        ("# nothing\n", "f:1:1: the file is empty"),
        ("a: 1\na: 2", "f:2:1: key 'a' stands twice, first in line 1"),
        ("a: &x 1\nb: *x", "f:1:4: not readable as YAML: anchors and aliases are refused"),
        ("a: [1,\n b: }", "f:2:5: not readable as YAML"),
        ("a: 1\n---\nb: 1", "f:2:1: not readable as YAML"),
        ("a: !!python/name:os.system x", "f:1:4: not readable as YAML: tags such as"),
        ("? [a]\n: 1", "f:1:3: a key must be plain text"),
        ('x: "\x07"', "f:1:5: character U+0007"),
        ("[" * 10_000, "f:1:17: not readable as YAML: nested deeper"),
        ("a: " + "x" * LARGEST, "f:1:1: the file is larger than"),
    ],
)
def test_refusals_have_a_place(text, said):
    with pytest.raises(PolicyError) as caught:
        read_tree(text, "f")
    assert str(caught.value).startswith(said)


def test_all_doubled_keys_are_told_at_once_and_in_order():
    with pytest.raises(PolicyError) as caught:
        read_tree("a: 1\na: {b: 1, b: 2}\nc: [{d: 1, d: 1}]\na: 3", "f")
    assert [(p.line, p.column) for p in caught.value.problems] == [(2, 1), (3, 12), (4, 1)]


def test_problems_are_told_once_in_order_and_each_in_its_file():
    error = PolicyError("f", [Problem(3, 1, "c"), Problem(1, 2, "a"), Problem(1, 2, "a"), Problem(2, 1, "b", "other")])
    assert str(error).splitlines() == ["f:1:2: a", "other:2:1: b", "f:3:1: c"]
