"""srt's patterns as patterns of the policy language; srt's own compiler is the judge."""

from __future__ import annotations

import random
import re

import pytest
import re2

from pipeline.policy import globs
from pipeline.policy.dialects.srt.globs import is_glob, pieces, quoted, translated
from tests.pipeline.policy.dialects.srt_judge import ask

PARTS = [
    "a",
    "b",
    "/",
    "*",
    "**",
    "**/",
    "?",
    "[ab]",
    "[a-c]",
    "[!a]",
    "[",
    "]",
    "[]",
    "[z-a]",
    "[.-a]",
    "{",
    "}",
    "\\",
    "-",
]
NAMES = ["a", "b", "/", "x", "!", "[", "]", "c", "-", "{", "\\", "/a/", "z", ".", ","]


def test_patterns_match_what_srt_matches():
    rnd = random.Random(9)
    patterns = ["/" + "".join(rnd.choice(PARTS) for _ in range(rnd.randint(1, 6))) for _ in range(1500)]
    patterns = [re.sub("/+", "/", p) for p in patterns]
    drawn = ["/" + "".join(rnd.choice(NAMES) for _ in range(rnd.randint(0, 6))) for _ in range(120)]
    paths = sorted({"/a", "/b", "/ab", "/a/b", *(p for p in drawn if "//" not in p and p[-1] != "/")})
    for pattern, theirs in zip(patterns, ask([("glob", [p, paths]) for p in patterns]), strict=True):
        for deny in (True, False):
            made, exact = translated(pattern, deny=deny)
            parsed = [re2.compile(g.regex) for g in globs.parse(re.sub("/+", "/", made))] if made else []
            ours = [any(r.fullmatch(p) for r in parsed) for p in paths]
            if exact:
                assert ours == theirs, (pattern, made)
            else:
                one, other = (theirs, ours) if deny else (ours, theirs)
                assert all(b or not a for a, b in zip(one, other, strict=True)), (pattern, made)


@pytest.mark.parametrize(
    ("pattern", "made"),
    [
        ("/**/.env", "/**/.env"),
        ("/a**/b", "/a{**/,}b"),
        ("/[!a]", "/{[a],!}"),
        ("/{x}", "/\\{x\\}"),
        ("/x/*/", ""),
        ("/[user-id]", "/\\[user-id\\]"),
    ],
)
def test_translations(pattern, made):
    assert translated(pattern, deny=True) == (made, True)


def test_a_set_that_matches_a_slash_is_more_for_a_deny_and_less_for_an_allow():
    assert translated("/a[.-0]b", deny=True) == ("/a**b", False)
    assert translated("/a[.-0]b", deny=False) == ("/a[.0]b", False)


def test_pieces_and_names():
    assert [p.kind for p in pieces("/a*[b]**/?")] == ["text", "*", "set", "**/", "?"]
    assert is_glob("a]")
    assert not is_glob("a{b}")
    assert globs.parse("/" + quoted("a*{b},[c]\\"))[0].literal == "/a*{b},[c]\\"
