"""Where a quote or bracket of a shell command ends.

Quotes inside of brackets and substitutions inside of quotes nest, so each asks for the other.
"""

from __future__ import annotations


class ShellError(Exception):
    """The text is no command that bash would read to its end."""


def until(text: str, end: str, start: int) -> str:
    """The text up to a quote."""
    found = text.find(end, start)
    if found < 0:
        raise ShellError(f"{end} is not closed")
    return text[start:found]


def closing(text: str, at: int, opens: str, closes: str) -> int:
    """The place behind the bracket that closes the one here; quoted ones do not count."""
    depth = 0
    while at < len(text):
        letter = text[at]
        if letter == "\\":
            at += 1
        elif letter == "'":
            at += len(until(text, "'", at + 1)) + 1
        elif letter == '"':
            at = end_of_double(text, at)
        elif letter in (opens, closes):
            depth += 1 if letter == opens else -1
            if depth == 0:
                return at + 1
        at += 1
    raise ShellError(f"{opens} is not closed")


def end_of_double(text: str, at: int) -> int:
    """The place of the closing double quote; substitutions inside may have quotes of their own."""
    at += 1
    while at < len(text) and text[at] != '"':
        if text.startswith("$(", at):
            at = closing(text, at + 1, "(", ")")
        else:
            at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        raise ShellError('" is not closed')
    return at
