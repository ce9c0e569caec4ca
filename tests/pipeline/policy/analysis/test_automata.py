from __future__ import annotations

import posixpath

import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy import globs
from pipeline.policy.analysis import automata
from pipeline.policy.analysis.automata import Found, common, difference

PARTS = st.sampled_from(["a", "b", "*", "**", "?", "a*", "*b", "[ab]", "[!a]", "ab", ".a", "*.b"])
PATTERNS = st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
TEXTS = st.lists(st.sampled_from(["a", "b", "ab", "ba", "c", ".a", "a.b"]), max_size=4).map(lambda p: "/" + "/".join(p))


def regex(pattern: str) -> str:
    return globs.parse(pattern)[0].regex


def matches(pattern: str, text: str) -> bool:
    return re2.fullmatch(regex(pattern), text) is not None


def is_plain(path: str) -> bool:
    return path.startswith("/") and posixpath.normpath(path) == path and path.isprintable()


@settings(max_examples=300, deadline=None)
@given(PATTERNS, PATTERNS, TEXTS)
def test_a_difference_is_one_and_none_means_containment(inner, outer, text):
    found = difference(regex(inner), [regex(outer)])
    if found.text is not None:
        assert matches(inner, found.text)
        assert not matches(outer, found.text)
    elif found.sure and matches(inner, text):
        assert matches(outer, text)


@given(PATTERNS, PATTERNS, TEXTS)
def test_a_plain_difference_is_a_plain_path(inner, outer, text):
    found = difference(regex(inner), [regex(outer)], "path")
    if found.text is not None:
        assert is_plain(found.text)
        assert matches(inner, found.text)
        assert not matches(outer, found.text)
    elif found.sure and matches(inner, text):
        assert matches(outer, text)


@given(PATTERNS, PATTERNS, TEXTS)
def test_what_two_have_in_common_matches_both_and_none_means_nothing(one, other, text):
    found = common([regex(one), regex(other)], "path")
    if found.text is not None:
        assert is_plain(found.text)
        assert matches(one, found.text)
        assert matches(other, found.text)
    elif found.sure:
        assert not (matches(one, text) and matches(other, text))


def test_several_outer_patterns_together_can_hold_one():
    assert difference(regex("/[ab]"), [regex("/a"), regex("/b")]) == Found(None)
    assert difference(regex("/[abc]"), [regex("/a"), regex("/b")]) == Found("/c")


def test_what_cannot_be_read_is_not_known():
    assert difference("a|b", ["a"]) == Found(None, sure=False)
    assert common(["a|b"], "text") == Found(None, sure=False)


def test_a_walk_that_grows_too_long_is_not_known(monkeypatch):
    monkeypatch.setattr(automata, "BUDGET", 3)
    assert not difference(regex("/a*b*c/**"), [regex("/a*d")]).sure
