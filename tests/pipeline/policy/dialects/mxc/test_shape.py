"""Reading JSON against a description, the way serde does it."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.json_places import read_json
from pipeline.policy.dialects.mxc.shape import Anything, Flag, Items, Reading, Record, Text, Whole, Word

WORD = Word(("allow", "deny"), {"permit": "allow"})
SHAPE = Record(
    {"a": Text(), "b": Items(Whole(9, 1)), "c": WORD, "d": Record({"x": Flag(), "y": Text()}), "e": Anything()},
    needed=("a",),
    aliases={"aa": "a"},
)


def read(value, *, lenient=True, shape=SHAPE):
    text = value if isinstance(value, str) else json.dumps(value)
    json_text = read_json(text, "x")
    reading = Reading(text, json_text, lenient=lenient)
    return reading.read(shape, json_text.data), [p.message for p in reading.problems], reading


@pytest.mark.parametrize(
    ("value", "lenient", "found"),
    [
        ({"a": "t", "b": [1, 9]}, False, {"a": "t", "b": [1, 9]}),
        ({"aa": "t", "c": "permit"}, False, {"a": "t", "c": "allow"}),
        ({"a": "t", "b": None, "e": None}, True, {"a": "t"}),
        ({"a": "t", "e": None}, False, {"a": "t", "e": None}),
        ({"a": "t", "c": {"deny": None}}, True, {"a": "t", "c": "deny"}),
        (["t", None, "deny", [True, None], 1], True, {"a": "t", "c": "deny", "d": {"x": True}, "e": 1}),
        (["t"], False, {"a": "t"}),
    ],
)
def test_what_serde_takes_is_taken(value, lenient, found):
    assert read(value, lenient=lenient)[:2] == (found, [])


@pytest.mark.parametrize(
    ("value", "lenient", "said"),
    [
        ({}, True, "the configuration lacks the field 'a'"),
        ({"a": None}, True, "'a' must be text, not null"),
        ({"a": "t", "b": None}, False, "'b' must be a list, not null"),
        ({"a": "t", "b": [0]}, True, "'b[0]' must be a whole number from 1 to 9, not 0"),
        ({"a": "t", "b": [True]}, True, "'b[0]' must be a whole number from 1 to 9, not True"),
        ({"a": "t", "b": [1.0]}, True, "'b[0]' must be a whole number from 1 to 9, not a fraction"),
        ({"a": "t", "c": "Allow"}, True, "'c' must be one of allow, deny, not 'Allow'"),
        ({"a": "t", "c": {"deny": None}}, False, "'c' must be one of allow, deny, not an object"),
        ({"a": "t", "d": {"z": 1}}, True, "unknown field 'z'; known here: x, y"),
        ({"a": "t", "aa": "u"}, True, "field 'a' is given twice"),
        ('{"a": "t", "a": "u"}', False, "field 'a' is given twice"),
        (["t"], True, "the configuration must be an object with the fields a, b, c, d, e"),
        (3, True, "the configuration must be an object, not 3"),
    ],
)
def test_what_serde_refuses_is_refused(value, lenient, said):
    assert read(value, lenient=lenient)[1] == [said]


def test_minus_nothing_is_a_fraction():
    assert read('{"n": -0}', shape=Record({"n": Whole(9)}))[1]
    assert not read('{"n": 0}', shape=Record({"n": Whole(9)}))[1]


def test_an_open_record_ignores_what_it_does_not_know():
    shape = Record({"x": Flag()}, open=True)
    assert read({"x": True, "z": 1}, shape=shape)[:2] == ({"x": True}, [])


def test_the_way_back_leads_through_aliases_and_arrays():
    came_from = read({"aa": "t", "d": [True, None]})[2].came_from
    assert came_from[("a",)] == ("aa",)
    assert came_from[("d", "x")] == ("d", 0)
