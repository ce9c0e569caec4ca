"""Tokens of Cedar: places, comments, escapes, and where no token begins."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.leash.tokens import string_value, tokens
from pipeline.policy.source import PolicyError


def test_each_token_has_its_place():
    found = tokens('permit (// all\n  /* x\n */ "a b" ::', "p.cedar")
    assert [(t.kind, t.text, t.line, t.column) for t in found] == [
        ("name", "permit", 1, 1),
        ("sign", "(", 1, 8),
        ("string", '"a b"', 3, 5),
        ("sign", "::", 3, 11),
        ("end", "end of file", 3, 13),
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'"a\"b"', 'a"b'),
        (r'"\x41\u{1F600}\n\0"', "A\U0001f600\n\0"),
        (r'"\\"', "\\"),
    ],
)
def test_escapes(written, meant):
    assert string_value(tokens(written, "p")[0], "p") == meant


def test_a_quoted_star_is_known_to_patterns_only():
    assert string_value(tokens(r'"a\*b*"', "p")[0], "p", star=True) == r"a\*b*"
    with pytest.raises(PolicyError, match=r"p:1:3: '\\\*' is no escape"):
        string_value(tokens(r'"a\*b"', "p")[0], "p")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("permit\n  'x'", r"p:2:3: ''' begins nothing"),
        ('a "b\nc"', r"p:1:3: the text is not closed"),
        ("a /* b", r"p:1:3: the comment is not closed"),
        ("a = b", r"p:1:3: '=' begins nothing"),
        (r'"\q"', r"p:1:2: '\\q' is no escape"),
        (r'"\u{110000}"', r"p:1:2: .* is no escape"),
    ],
)
def test_what_is_no_token(text, message):
    with pytest.raises(PolicyError, match=message):
        string_value(tokens(text, "p")[0], "p")
