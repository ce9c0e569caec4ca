"""Whatever a name holds, what is printed moves no cursor, forges no row and hides nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.escape import decoded, visible


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("/home/u/naïve Ωmega 日本.txt", "/home/u/naïve Ωmega 日本.txt"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[2J\x9b31m\x7f", "\\x1b[2J\\x9b31m\\x7f"),
        ("invoice\u202efdp.exe", "invoice\\u202efdp.exe"),
        ("a\u200bb\u2028c\ufeff", "a\\u200bb\\u2028c\\ufeff"),
        ("a\u00a0b\u3164", "a\\xa0b\\u3164"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("", ""),
    ],
)
def test_examples(raw, shown):
    assert visible(raw) == shown


@given(st.text(st.characters()))
def test_nothing_invisible_is_left_and_nothing_visible_is_lost(text):
    shown = visible(text)
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for c in shown)
    assert len(shown.splitlines()) <= 1
    assert visible(shown) == shown
    assert [c for c in text if c.isalnum() and c not in "\u115f\u1160\u3164\uffa0"] == [
        c for c in text if c in shown and c.isalnum() and c not in "\u115f\u1160\u3164\uffa0"
    ]


@given(st.binary())
def test_any_bytes_have_a_text(raw):
    text = decoded(raw)
    visible(text)
    assert raw.isascii() is False or text == raw.decode()


def test_bytes_that_are_no_utf8_are_named():
    assert decoded(b"a\xff\xfe") == "a\\xff\\xfe"
