"""Patterns of texts against Python's own shell patterns, and domains against a reading label by label."""

from __future__ import annotations

import fnmatch

import pytest
import re2
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from pipeline.policy.matchers import PatternSet
from pipeline.policy.texts import (
    domain,
    domain_regex,
    pattern_text,
    plain_domain,
    quoted_text,
    text_regex,
    user_regex,
)

texts = st.text("ab-*?[]\\.\n é", max_size=8)


def matches(regex, text):
    """As the decider asks: in a set of patterns, whole."""
    return PatternSet([regex]).match(text) == 1


@given(st.text("ab-*?. é\n", max_size=8), texts)
def test_command_lines_are_shell_patterns_without_sets(pattern, text):
    assert matches(text_regex(pattern), text) == fnmatch.fnmatchcase(text, pattern)


@given(st.text("ab[]^$(|+{", max_size=6), texts)
def test_every_other_character_of_a_command_line_is_itself(pattern, text):
    assert matches(text_regex(pattern), pattern)
    assert matches(text_regex(pattern), text) == (pattern == text)


@given(texts, texts)
def test_a_quoted_text_matches_itself_only(text, other):
    assert matches(text_regex(quoted_text(text)), text)
    assert matches(text_regex(quoted_text(text)), other) == (text == other)
    assert matches(text_regex("*" + quoted_text(text) + "*"), other) == (text in other)


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("*--force*", "git push --force origin", True),
        ("*--force*", "git push", False),
        ("git push", "git push --force", False),
        ("rm \\*", "rm *", True),
        ("rm \\*", "rm x", False),
        ("a\\", "a\\", True),
        ("a\\b", "ab", True),
        ("*a*", "x\na\ny", True),
        ("?", "é", True),
        ("?", "\U0001f600", True),
    ],
)
def test_command_lines(pattern, text, holds):
    assert matches(text_regex(pattern), text) == holds


@given(st.text("abz*?[]!-\\Z\n", max_size=8), st.text("abz*?[]!-\\Z\n", max_size=5))
@example("*a*b*", "xaxbx")
@example("[z-a]", "b")
@example("[!z-a]", "b")
@example("corp\\Z", "corp\\Z")
@example("[]-a]", "]")
def test_users_are_shell_patterns_as_python_has_them(pattern, text):
    assert matches(user_regex(pattern), text) == fnmatch.fnmatchcase(text, pattern)


def test_a_command_line_holds_no_nul():
    assert pattern_text("a b") == "a b"
    with pytest.raises(PydanticCustomError, match="NUL"):
        pattern_text("a\0b")


# ---------------------------------------------------------------- domains

label = st.from_regex("[a-cA-C]{1,2}", fullmatch=True)
names = st.lists(label, min_size=1, max_size=4).map(".".join)


def plainly(pattern, name):
    """Whether a name is the one that is written, or below it; label by label."""
    wanted, have = pattern.lower().removesuffix(".").split("."), name.lower().removesuffix(".").split(".")
    if wanted[0] == "*":
        return len(have) > len(wanted) - 1 and have[-(len(wanted) - 1) :] == wanted[1:]
    return have == wanted


@given(st.tuples(st.sampled_from(["", "*."]), names, st.sampled_from(["", "."])).map("".join), names)
def test_domains_agree_with_a_reading_label_by_label(pattern, name):
    assert matches(domain_regex(domain(pattern)), plain_domain(name)) == plainly(pattern, name)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Example.COM.", "example.com"),
        ("*.Example.com", "*.example.com"),
        ("b\xfccher.example", "xn--bcher-kva.example"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("localhost", "localhost"),
        ("a" * 63 + ".b", "a" * 63 + ".b"),
    ],
)
def test_plain_forms(written, plain):
    assert domain(written) == plain


@pytest.mark.parametrize(
    "written",
    ["", ".", "*", "*.", "**.example.com", "*example.com", "a.*.com", "a..b", "-a.com", "a-.com", "a b", "https://a.com", "a.com:443",
     "a.com/x", "a" * 64 + ".b", ".".join(["a" * 60] * 5), "\xfc" * 64 + ".b"],
)  # fmt: skip
def test_what_is_no_domain(written):
    with pytest.raises(PydanticCustomError, match="is no domain"):
        domain(written)


@given(st.text(max_size=12))
def test_any_text_is_a_name_that_re2_takes_or_none(text):
    plain = plain_domain(text)
    if plain is not None:
        assert re2.fullmatch(domain_regex(plain), plain)
        assert plain_domain(plain) == plain
