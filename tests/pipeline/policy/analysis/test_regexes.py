from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy import globs
from pipeline.policy.analysis.regexes import Unreadable, automaton
from pipeline.policy.texts import domain_regex, text_regex, user_regex

GLOBS = ("/a/**", "**/a", "**/a/**", "/a*/?", "/[ab]c/*.x", "/[!a-c]/**/d", "/é\\*/b", "**", "/a**b", "/")
REGEXES = [
    *(globs.parse(text)[0].regex for text in GLOBS),
    *(text_regex(text) for text in ("*a*", "a ?", "\\*a", "a\nb*", "")),
    *(user_regex(text) for text in ("a*", "[ab]?", "[!a]x", "*")),
    *(domain_regex(text) for text in ("a.b", "*.a.b")),
]


def accepts(regex: str, text: str) -> bool:
    found = automaton(regex)
    states = found.closed(frozenset({found.start}))
    for character in map(ord, text):
        ways = found.edges_of(states)
        reached = {to for spans, to in ways if any(low <= character <= high for low, high in spans)}
        states = found.closed(frozenset(reached))
    return found.end in states


@given(st.sampled_from(REGEXES), st.text("ab/cx.*é\n é", max_size=8))
def test_an_automaton_accepts_what_re2_matches(regex, text):
    assert accepts(regex, text) == (re2.fullmatch(regex, text) is not None)


@given(st.text("ab/*?[]!-\\.", min_size=1, max_size=10), st.text("ab/.-", max_size=8))
def test_every_pattern_that_parses_is_read(pattern, text):
    try:
        found = globs.parse(f"/{pattern}")
    except globs.GlobError:
        return
    for glob in found:
        assert accepts(glob.regex, text) == (re2.fullmatch(glob.regex, text) is not None)


@pytest.mark.parametrize("regex", ["a|b", "(?i)a", "a{2}", "(?>a)", "a)", "(?:a", "[a", "^a", "\\d", "(a)", "\\x{zz}"])
def test_what_is_not_ours_is_refused(regex):
    with pytest.raises(Unreadable):
        automaton(regex)


def test_a_final_star_is_known_to_accept_everything():
    found = automaton(globs.parse("**")[0].regex)
    assert not found.everything.isdisjoint(found.closed(frozenset({found.start})))
    assert not automaton(globs.parse("/a")[0].regex).everything
