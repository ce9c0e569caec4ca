"""Ends of quotes and brackets."""

from __future__ import annotations

import pytest

from lictor.hooks.brackets import ShellError, closing, end_of_double, until


@pytest.mark.parametrize(
    ("text", "end"),
    [("(a)b", 3), ("(a(b)c)d", 7), ("(')')x", 5), ('(")")x', 5), ("(\\))x", 4), ('("$(echo ")")")x', 15), ("()", 2)],
)
def test_a_bracket_ends_at_its_own_closing(text, end):
    assert closing(text, 0, "(", ")") == end


@pytest.mark.parametrize("text", ["(", "((a)", "('", '("', '("$(', "(\\)", "(\\"])
def test_what_is_not_closed_is_an_error(text):
    with pytest.raises(ShellError):
        closing(text, 0, "(", ")")


def test_quotes_end():
    assert until("abc'd", "'", 0) == "abc"
    assert end_of_double('"a\\"b"c', 0) == 5
    with pytest.raises(ShellError, match="not closed"):
        until("abc", "'", 0)
