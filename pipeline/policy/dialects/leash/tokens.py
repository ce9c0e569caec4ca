"""Cedar text as tokens, each with its line and column; comments and white space are gone.

The characters that may stand in a token, and what is an error here already, are those of the
parser that Leash uses (cedar-go).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.policy.source import PolicyError, Problem

RESERVED = frozenset({"true", "false", "if", "then", "else", "in", "like", "has", "is", "__cedar"})

_TOKEN = re.compile(
    r"""(?P<space>[\t\n\r ]+|//[^\n]*|/\*.*?\*/)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9]+)
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<sign>::|!=|<=|>=|==|\|\||&&|[@.,;(){}\[\]+\-*:!<>])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,6})\}|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "0": "\0", "'": "'", '"': '"'}


@dataclass(frozen=True)
class Token:
    """``kind`` is name, reserved, number, string, sign or end; ``at`` is the offset in the text."""

    kind: str
    text: str
    line: int
    column: int
    at: int


def tokens(text: str, filename: str) -> list[Token]:
    """All tokens and one of kind ``end``; raises ``PolicyError`` where no token begins."""
    found: list[Token] = []
    at, line, start = 0, 1, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or "\0" in match[0]:
            raise PolicyError(filename, [Problem(line, at - start + 1, _complaint(text[at:]))])
        kind = str(match.lastgroup)
        if kind != "space":
            kind = "reserved" if match[0] in RESERVED else kind
            found.append(Token(kind, match[0], line, at - start + 1, at))
        newlines = match[0].count("\n")
        if newlines:
            line += newlines
            start = at + match[0].rfind("\n") + 1
        at = match.end()
    found.append(Token("end", "end of file", line, at - start + 1, at))
    return found


def _complaint(rest: str) -> str:
    if rest.startswith('"'):
        return "the text is not closed by '\"' in its line"
    if rest.startswith("/*"):
        return "the comment is not closed by '*/'"
    return f"'{rest[0]}' begins nothing that Cedar knows"


def string_value(token: Token, filename: str, *, star: bool = False) -> str:
    r"""The text that a string token stands for; ``star`` leaves ``\*`` as it is, for the pattern of ``like``."""

    def one(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        if code:
            return chr(int(code, 16)) if int(code, 16) < 0x110000 else _bad(match, token, filename)
        if match[3] == "*" and star:
            return "\\*"
        return _PLAIN[match[3]] if match[3] in _PLAIN else _bad(match, token, filename)

    body = token.text[1:-1]
    return _ESCAPE.sub(one, body.replace("\\\\", "\\x5c") if star else body)


def _bad(match: re.Match[str], token: Token, filename: str) -> str:
    raise PolicyError(
        filename, [Problem(token.line, token.column + 1 + match.start(), f"'{match[0]}' is no escape in a Cedar text")]
    )
