"""Shapes one by one; whole settings are held against srt's own schema in test_srt.py."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.srt.shapes import (
    Either,
    Flag,
    Items,
    Named,
    Never,
    Record,
    Row,
    Text,
    Whole,
    Word,
    dropped,
    problems,
)

WANTED = Record({"a": Items(Text(least=1)), "b": Whole(1, 9)}, ("a",))


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (Text(least=1, most=2), ["a", "ab"], ["", "abc", 1, None, "😀a"]),
        (Flag(), [True, False], [1, None, "true"]),
        (Flag(only=True), [True], [False, 1]),
        (Whole(1, 3), [1, 3, 2.0], [0, 4, 2.5, True, "1", float("inf")]),
        (Word(("x", "y")), ["x"], ["z", 1, None]),
        (Items(Text(), least=1), [["a"]], [[], "a", [1], {}]),
        (Row((Whole(), Text())), [[1, "a"]], [[1], [1, "a", 2], ["a", 1], {}]),
        (Named(Flag()), [{}, {"k": True}], [{"k": 1}, []]),
        (Either((Text(), Flag()), "text or a flag"), ["a", True], [1, None]),
        (Never("never"), [], [1, None, {}]),
        (WANTED, [{"a": []}, {"a": ["x"], "b": 2, "c": 3}], [{}, {"a": [""]}, {"a": [], "b": 10}, [], None]),
        (Record({"a": Flag()}, strict=True), [{}, {"a": True}], [{"b": 1}]),
    ],
)
def test_what_fits(shape, good, bad):
    assert [v for v in good if list(problems(shape, v))] == []
    assert [v for v in bad if not list(problems(shape, v))] == []


def test_problems_have_their_places():
    found = dict(problems(WANTED, {"a": ["x", "", 1], "b": 0}))
    assert list(found) == [("a", 1), ("a", 2), ("b",)]
    assert found[("b",)] == "'b' must be a whole number from 1 to 9, not 0"


def test_a_check_sees_only_what_fits():
    shape = Record({"a": Whole()}, check=lambda v: "odd" if v["a"] % 2 else "")
    assert list(problems(shape, {"a": 3})) == [((), "the file: odd")]
    assert [why for _, why in problems(shape, {"a": "x"})] == ["'a' must be a whole number, not 'x'"]
    assert list(problems(Row((Whole(),), check=lambda _: "no"), [1])) == [((), "the file: no")]
    assert not list(problems(Text(check=lambda _: ""), "x"))


def test_keys_that_are_dropped():
    shape = Record({"a": Items(Record({"b": Flag()})), "n": Named(Flag())})
    assert list(dropped(shape, {"a": [{"b": True}, {"c": 1}], "d": 2, "n": {"e": True}})) == [("a", 1, "c"), ("d",)]
