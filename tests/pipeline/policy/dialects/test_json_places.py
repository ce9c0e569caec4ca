"""Positions in JSON text; the standard library is the second parser."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.dialects.json_places import pointer, read_json
from pipeline.policy.source import PolicyError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([None, 1, "\t"]))
def test_reads_what_the_standard_library_reads(value, indent):
    text = json.dumps(value, indent=indent)
    assert read_json(text, "f").data == json.loads(text)


@given(st.text(alphabet='{}[]",:0123456789eE+-. truefalsn\n\\u', max_size=30))
def test_refuses_what_the_standard_library_refuses(text):
    try:
        wanted = json.loads(text)
    except ValueError:
        with pytest.raises(PolicyError):
            read_json(text, "f")
    else:
        assert read_json(text, "f").data == wanted


def test_places_are_lines_and_columns():
    made = read_json('{\n  "a": [1,\n    {"b/~": true}]\n}', "f")
    assert made.places[("a", 1, "b/~")] == (3, 13)
    assert made.line(("a", 0)) == 2
    assert made.place(("a", 1, "absent")) == (3, 5)
    assert pointer(("a", 1, "b/~")) == "/a/1/b~1~0"


def test_doubled_keys_are_told():
    made = read_json('{"a": {"x": 1, "x": 2}}', "f")
    assert made.data == {"a": {"x": 2}}
    assert made.twice == [("a", "x")]


@pytest.mark.parametrize("text", ["", "{", "[1,]", '{"a" 1}', "NaN", "[Infinity]", "1 2", "[" * 200 + "]" * 200])
def test_errors_have_a_place(text):
    with pytest.raises(PolicyError, match=r"^f:\d+:\d+: not JSON: "):
        read_json(text, "f")
