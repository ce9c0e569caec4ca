"""Regular expressions as JavaScript takes them; the runtime of srt is the judge."""

from __future__ import annotations

import random

import pytest

from pipeline.policy.dialects.srt.regexes import RegexError, groups
from tests.pipeline.policy.dialects.srt_judge import ask

PARTS = [
    "(",
    "(?:",
    "(?<n>",
    "(?<m>",
    "(?=",
    "(?!",
    "(?<=",
    "(?<!",
    ")",
    "a",
    "*",
    "+",
    "?",
    "{1}",
    "{2,1}",
    "{1,",
    "{,2}",
    "}",
    "[",
    "]",
    "[^",
    "-",
    "\\",
    "\\d",
    "\\k",
    "\\k<n>",
    "|",
    "^",
    "$",
    "\\b",
    ".",
    "\\x41",
    "\\u0041",
    "z-a",
    "a-z",
    "\\]",
    "(?i:",
    "\\1",
    "()",
]


def ours(text):
    try:
        return groups(text)
    except RegexError:
        return None


def test_what_compiles_and_how_many_groups_it_has():
    rnd = random.Random(5)
    texts = ["".join(rnd.choice(PARTS) for _ in range(rnd.randint(1, 6))) for _ in range(4000)]
    theirs = ask([("groups", text) for text in texts])
    assert [(t, ours(t)) for t in texts] == list(zip(texts, theirs, strict=True))
    assert sum(answer is not None for answer in theirs) > 500


@pytest.mark.parametrize("text", ["(", "a)", "*", "[b-a]", "(?<n>a)(?<n>b)", "\\", "a{2,1}", "(?<=a)*"])
def test_what_does_not_compile_says_why(text):
    with pytest.raises(RegexError, match=r"[a-z]"):
        groups(text)
