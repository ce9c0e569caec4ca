"""YAML as OpenShell's reader takes it; the readings of scalars were held against that reader."""

from __future__ import annotations

import math

import pytest
import yaml

from pipeline.policy.dialects.openshell.yaml import DEEPEST, compose, is_plain, place, scalar, whole
from pipeline.policy.source import LARGEST, PolicyError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("+1", 1), ("-5", -5), ("0x1F", 31), ("0o17", 15), ("0b11", 3), ("01", None), ("1.0", None),
        ("1_000", None), ("", None), ("0", 0), ("٣", None),
    ],
)  # fmt: skip
def test_whole_numbers(text, value):
    assert whole(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~", None), ("null", None), ("NULL", None), ("", None), ("true", True), ("FALSE", False), ("yes", "yes"),
        ("12", 12), ("1.5", 1.5), ("1e3", 1000.0), ("007", "007"), ("'1'", "1"), ('"true"', "true"), ("a b", "a b"),
        (".inf", math.inf), ("0x", "0x"),
    ],
)  # fmt: skip
def test_scalars_without_a_wanted_type(text, value):
    node = compose(f"k: {text}\n", "f").value[0][1]
    assert scalar(node) == value
    assert type(scalar(node)) is type(value)


def test_anchors_tags_and_an_anchor_set_again_are_read():
    node = compose("a: &x 1\nb: *x\nc: &x !!str 2\nd: *x\n", "f")
    assert [value.value for _, value in node.value] == ["1", "1", "2", "2"]
    assert place(node.value[2][1]) == (3, 4)


def test_plain_is_what_has_no_quotes():
    node = compose("[a, 'a', \"a\"]", "f")
    assert [is_plain(item) for item in node.value] == [True, False, False]
    assert not is_plain(node)


def test_nothing_is_no_document():
    assert compose("# only a comment\n", "f") is None
    assert isinstance(compose("{}", "f"), yaml.MappingNode)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\n---\nb: 2\n", "f:2:1: not readable as YAML"),
        ("a: *x\n", "f:1:4: not readable as YAML: found undefined alias"),
        ("a: [1\n", "f:2:1: not readable as YAML"),
        ("a: \x01\n", "f:1:4: character U\\+0001"),
        ("[" * (DEEPEST + 1), f"nested deeper than {DEEPEST}"),
        ("#" * (LARGEST + 1), "larger than"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_place(text, said):
    with pytest.raises(PolicyError, match=said):
        compose(text, "f")
