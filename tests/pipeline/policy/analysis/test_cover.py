from __future__ import annotations

import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy import globs
from pipeline.policy.analysis import cover

PATTERNS = st.sampled_from(
    ["/a", "/a/b", "/a/**", "/a/b/**", "/**", "**", "**/b", "**/b/**", "/a/*", "/a/*.b", "/*/b", "/[ab]/?", "/a/**/b",
     "/ab/**", "/ab", "**/*", "**/.b", "/a/.*", "**/a*/**", "/"]
)  # fmt: skip
PATHS = st.lists(st.sampled_from(["a", "b", "ab", ".b", "c", "x.b"]), max_size=4).map(lambda p: "/" + "/".join(p))


def one(pattern: str) -> tuple[globs.Glob, ...]:
    return globs.parse(pattern)


def really(pattern: str, path: str) -> bool:
    """What the decider would say: re2 on the whole path."""
    return re2.fullmatch(one(pattern)[0].regex, path) is not None


@settings(max_examples=500, deadline=None)
@given(PATTERNS, PATTERNS, PATHS)
def test_no_containment_is_claimed_that_does_not_hold(inner, outer, path):
    if cover.within(one(inner), one(outer)) and really(inner, path):
        assert really(outer, path)


@settings(max_examples=500, deadline=None)
@given(PATTERNS, PATTERNS, PATHS)
def test_what_is_apart_has_no_path_in_common(some, other, path):
    if cover.apart(one(some), one(other)):
        assert not (really(some, path) and really(other, path))
        assert cover.meeting(one(some), one(other)) is None


@settings(max_examples=300, deadline=None)
@given(PATTERNS, PATTERNS)
def test_a_meeting_is_a_path_of_both(some, other):
    path = cover.meeting(one(some), one(other))
    assert path is None or (really(some, path) and really(other, path))


@settings(max_examples=300, deadline=None)
@given(PATTERNS, PATTERNS)
def test_outside_is_in_the_one_and_not_in_the_other(inner, outer):
    path = cover.outside(one(inner), one(outer))
    assert path is None or (really(inner, path) and not really(outer, path))


@given(PATTERNS, st.one_of(PATHS, st.sampled_from(["", "b", "a/b", "b/x"])))
def test_matching_by_name_is_matching_by_expression(pattern, path):
    assert cover.matches(one(pattern)[0], path) == really(pattern, path)


@given(PATTERNS, PATHS)
def test_every_path_begins_and_ends_as_its_pattern_says(pattern, path):
    if really(pattern, path):
        assert path.startswith(cover.head(one(pattern)[0]))
        assert path.endswith(cover.tail(one(pattern)[0]))


def test_the_plain_kinds_are_told_exactly():
    held = [("/a/b/c", "/a/**"), ("/a/b/**", "/a/**"), ("**/x", "**/x/**"), ("/a/x/b/**", "**/x/**"), ("/a", "/a/**")]
    assert all(cover.within(one(inner), one(outer)) for inner, outer in held)
    not_held = [("/a/**", "/a/*"), ("/ab/**", "/a/**"), ("**/x/**", "**/x"), ("/a/**", "/a/b/**"), ("**", "/**")]
    assert not any(cover.within(one(inner), one(outer)) for inner, outer in not_held)


def test_texts_are_compared_as_expressions():
    assert cover.texts_within(["(?s).*a.*"], ["(?s).*"])
    assert not cover.texts_within(["(?s).*a.*"], ["(?s)b.*"])
    assert cover.texts_apart(["(?s)a.*"], ["(?s)b.*"])
    assert not cover.texts_apart(["(?s)a.*"], ["(?s).*b"])
