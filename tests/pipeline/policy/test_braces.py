from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy.braces import MOST_ALTERNATIVES, GlobError, expand


@given(st.lists(st.text("abc/", max_size=3) | st.lists(st.text("xy", max_size=2), min_size=1, max_size=3), max_size=4))
def test_stands_for_every_combination_in_order(parts):
    text = "".join(p if isinstance(p, str) else "{" + ",".join(p) + "}" for p in parts)
    choices = [[p] if isinstance(p, str) else p for p in parts]
    assert expand(text) == ["".join(words) for words in itertools.product(*choices)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a{b,{c,d}e}f", ["/abf", "/acef", "/adef"]),
        (r"/\{a,b\}", [r"/\{a,b\}"]),
        ("/[{,}]x", ["/[{,}]x"]),
        ("/[!]{]x{1,2}", ["/[!]{]x1", "/[!]{]x2"]),
        ("/a,b", ["/a,b"]),
        ("", [""]),
    ],
)
def test_nesting_quotes_and_sets(text, expected):
    assert expand(text) == expected


@pytest.mark.parametrize("text", ["{", "}", "/a{b", "/a}b{", "{{a}"])
def test_refuses_what_is_not_closed(text):
    with pytest.raises(GlobError, match=r"'[{}]'"):
        expand(text)


def test_many_braces_are_refused_quickly():
    with pytest.raises(GlobError, match=str(MOST_ALTERNATIVES)):
        expand("{a,b}" * 1000)
