"""A command line of Windows as arguments: the rules by which programs of Microsoft's C runtime take their one text apart.

Windows hands a program a text and no list. Quotes hold blanks together; backslashes count only before a quote, where
each pair is one and an odd last one makes the quote a letter; two quotes within quotes are one. The program's name, first,
knows no backslashes. Source: "Parsing C command-line arguments" (learn.microsoft.com); compared with ``CommandLineToArgvW``.
"""

from __future__ import annotations

import re

_NAME = re.compile(r'\s*(?:"([^"]*)"?|([^\s]*))')
_PIECE = re.compile(r'(?P<slashes>\\+)(?=")|(?P<quote>")|(?P<blank>[ \t]+)|(?P<text>[^\\" \t]+|\\+)')


def split(line: str) -> list[str]:
    """The program's name and its arguments."""
    named = _NAME.match(line)
    if named is None or not line.strip():
        return []
    return [named[1] if named[1] is not None else named[2], *_arguments(line[named.end() :])]


def _arguments(rest: str) -> list[str]:
    done: list[str] = []
    current: list[str] | None = None
    quoted, at = False, 0
    while at < len(rest):
        piece = _PIECE.match(rest, at)
        if piece is None:  # not reached: every character is of a kind
            break
        at = piece.end()
        if piece["blank"] and not quoted:
            if current is not None:
                done.append("".join(current))
            current = None
            continue
        current = [] if current is None else current
        if piece["slashes"]:
            current.append("\\" * (len(piece["slashes"]) // 2))
            if len(piece["slashes"]) % 2:
                current.append('"')
                at += 1
        elif piece["quote"]:
            if quoted and rest[at : at + 1] == '"':
                current.append('"')
                at += 1
            else:
                quoted = not quoted
        else:
            current.append(piece[0])
    return done if current is None else [*done, "".join(current)]
