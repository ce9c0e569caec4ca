"""The braces of path patterns: ``/etc/{passwd,group}`` stands for two patterns.

Braces may be nested, and the patterns that they stand for multiply, so their number is bounded.
What is quoted by a backslash or stands in a set (``[{,}]``) is no brace.
"""

from __future__ import annotations

from itertools import pairwise

MOST_ALTERNATIVES = 256
"""Patterns that the braces of one pattern may stand for."""


class GlobError(ValueError):
    """A pattern that cannot be used; the text says what is wrong with it."""


def expand(text: str) -> list[str]:
    """Every text that the braces stand for, in order; raises ``GlobError``."""
    done: list[str] = []
    todo = [text]
    while todo:
        if len(done) + len(todo) > MOST_ALTERNATIVES:
            raise GlobError(f"the braces stand for more than {MOST_ALTERNATIVES} patterns")
        head = todo.pop()
        cuts = _first_pair(head)
        if cuts:
            pieces = [head[: cuts[0]] + head[a + 1 : b] + head[cuts[-1] + 1 :] for a, b in pairwise(cuts)]
            todo.extend(reversed(pieces))
        else:
            done.append(head)
    return done


def _first_pair(text: str) -> list[int]:
    """Positions of the first ``{``, of the commas that belong to it, and of its ``}``; empty without braces."""
    cuts: list[int] = []
    depth = 0
    for i, c in _active(text):
        depth += (c == "{") - (c == "}")
        if depth < 0:
            raise GlobError("'}' without '{' before it; quote it as '\\}'")
        if (c == "{" and depth == 1) or (c == "," and depth == 1):
            cuts.append(i)
        if c == "}" and depth == 0:
            return [*cuts, i]
    if depth:
        raise GlobError("'{' is not closed by '}'")
    return []


def _active(text: str) -> list[tuple[int, str]]:
    """Braces and commas that are neither quoted nor in a set, with their positions."""
    found, i = [], 0
    while i < len(text):
        if text[i] == "\\":
            i += 1
        elif text[i] == "[":
            end = text.find("]", i + 2 + (text[i + 1 : i + 2] in ("!", "^")))
            i = end if end >= 0 else i
        elif text[i] in "{,}":
            found.append((i, text[i]))
        i += 1
    return found
