"""The rules, one by one; that Windows has the same ones is asked of Windows in tests/windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.etw.arguments import split


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", []),
        ("   ", []),
        ("x", ["x"]),
        ('"C:\\Program Files\\x.exe" a', ["C:\\Program Files\\x.exe", "a"]),
        ("C:\\dir\\x.exe a\\b", ["C:\\dir\\x.exe", "a\\b"]),
        ('x "a b" c', ["x", "a b", "c"]),
        ('x a"b c"d', ["x", "ab cd"]),
        ('x ""', ["x", ""]),
        ('x \\"', ["x", '"']),
        ('x \\\\"a b"', ["x", "\\a b"]),
        ('x \\\\\\"a', ["x", '\\"a']),
        ('x "a\\\\" b', ["x", "a\\", "b"]),
        ("x a\\\\ b", ["x", "a\\\\", "b"]),
        ('x "unclosed and more', ["x", "unclosed and more"]),
        ("x\ta \t b ", ["x", "a", "b"]),
    ],
)
def test_rule(line, wanted):
    assert split(line) == wanted


@given(st.lists(st.text(st.sampled_from('ab \\"\t'))))
def test_what_was_quoted_by_the_rules_comes_back(arguments):
    from subprocess import list2cmdline  # noqa: PLC0415 - the other direction, by Python itself

    assert split("x " + list2cmdline(arguments)) == ["x", *arguments]
