"""Argument patterns from below and from above, against RE2 itself."""

from __future__ import annotations

import shlex

import pytest
import re2
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.policy.dialects.agentsh.regex import argument_patterns, valid
from pipeline.policy.texts import text_regex


@pytest.mark.parametrize(
    ("pattern", "lower", "upper"),
    [
        ("install.*", ["* *install*"], ["*install*"]),
        (r"a\.b", ["* *a.b*"], ["*a.b*"]),
        ("branch$", ["* *branch"], ["*branch*"]),
        ("branch --list([= ].*)?$", ["* *branch --list"], ["*branch*--list*"]),
        ("x -[av]+( -[av]+)*$", ["* *x -a", "* *x -v"], ["*x*-*"]),
        (r"-rf\s+/", [], ["*-rf*/*"]),
        ("push.*(main|master)", [], ["*push*main*", "*push*master*"]),
        ("(?i)rm", [], ["*"]),
        ("^a", [], ["*a*"]),
        ("a{0,2}b", ["* *b*"], ["*b*"]),
        ("a{2}b", [], ["*a*b*"]),
        ("[[:alpha:]]x", [], ["*x*"]),
        (r"it's", [], ["*it*s*"]),
        (r"a\*b", [], [r"*a\*b*"]),
    ],
)
def test_patterns(pattern, lower, upper):
    found = argument_patterns(pattern)
    assert (list(found.lower), list(found.upper)) == (lower, upper)


def test_a_plain_word_counts_as_exact():
    assert argument_patterns(".*-rf.*").exact
    assert not argument_patterns("^-rf").exact


@pytest.mark.parametrize("pattern", ["a(b", "*x", "[a", r"(?=a)"])
def test_what_re2_refuses(pattern):
    assert valid(pattern)


atoms = st.sampled_from(
    ["a", "-", "b", " ", ".", ".*", r"\s", r"\s+", "[ab]", "[^a]+", "(a|b)", "(a b|-)?", "a?", "b+", "$", "^", r"\.", r"\b", "'", "(?:ab)*", "a{2}", "|", r"\d", r"\x61", '"', "[]a]"]
)  # fmt: skip
words = st.lists(st.text(alphabet="ab-. '\"\n", max_size=4), min_size=0, max_size=4)


@settings(max_examples=500, deadline=None)
@given(st.lists(atoms, min_size=1, max_size=6).map("".join), words)
def test_lower_matches_nothing_else_and_upper_misses_nothing(pattern, arguments):
    assume(valid(pattern) is None)
    found = argument_patterns(pattern)
    line = shlex.join(["/bin/x", *arguments])
    joined = " ".join(arguments)
    truth = bool(re2.search(pattern, joined))

    def hit(texts):
        return any(re2.fullmatch(text_regex(t), line) for t in texts)

    assert not hit(found.lower) or truth, (pattern, line)
    assert hit(found.upper) or not truth, (pattern, line)
