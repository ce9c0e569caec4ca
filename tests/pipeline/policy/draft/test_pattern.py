"""The parts that patterns are made of."""

import re

import pytest

from pipeline.policy.draft.pattern import END, MADE, OUTSIDE, any_of, argv, runs, touches


def test_words_before_what_is_meant():
    assert re.fullmatch(any_of("old") + "file", "any of".replace(" of", " old ") + "file")
    assert re.fullmatch(any_of() + "file", "the new file")
    assert not re.fullmatch(any_of() + "file", "old file")


@pytest.mark.parametrize("rest", ["", ".", " without asking", " or merge", ", ever", " (please)"])
def test_an_order_may_end_here(rest):
    assert re.match("push" + END, "push" + rest)


@pytest.mark.parametrize("rest", [" notifications", "ed data", " button"])
def test_an_order_does_not_end_here(rest):
    assert not re.match("push" + END, "push" + rest)


def test_patterns_carry_their_rule():
    one = runs("x", "x", "X", "make x", "*manage.py x")
    assert one.on == ("exec",)
    assert one.match == argv("make x", "*manage.py x")
    assert "*manage.py x *" in one.match["argv"]
    two = touches("y", "y", "Y", ("file.write",), "/a/**", unless=("/a/b",))
    assert (two.match, two.unless) == ({"path": ["/a/**"]}, {"path": ["/a/b"]})
    assert touches("y", "y", "Y", ("file.write",), "/a/**").unless is None


def test_what_tools_make_stands_in_the_project():
    assert all(p.startswith("${workspace}/") for p in MADE)
    assert "${workspace}/**" in OUTSIDE
