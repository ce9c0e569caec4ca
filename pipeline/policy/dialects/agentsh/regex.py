r"""Argument patterns of agentsh (regular expressions) as patterns of a command line, from below and from above.

agentsh searches an expression anywhere in the arguments joined by spaces; Lictor matches the whole command line,
which is quoted for the shell where needed. So from above every blank and every quote becomes ``*``, and from below only
plain characters count, behind the first blank: what stands before it is the program's own name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import re2

from pipeline.policy.dialects.agentsh.globs import Between
from pipeline.policy.texts import quoted_text

MOST = 64
"""Alternatives of one expression; more are taken for any arguments."""

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./ -]")
_REPEAT = re.compile(r"([*+?]|\{([0-9]+)(?:,[0-9]*)?\})\??")
_CLASS = re.compile(r"\[(\^?)(\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*)\]")
_GROUP = re.compile(r"\((?:\?(?::|P?<[A-Za-z0-9_]+>))?")
_PLAIN_CLASS = re.compile(r"[A-Za-z0-9_=,./@%+]{1,8}")

STAR = None
Token = str | None
Line = tuple[Token, ...]


class UntranslatableError(ValueError):
    """Nothing can be said from below."""


@dataclass
class _Reader:
    text: str
    at: int = 0


def valid(pattern: str) -> str | None:
    """Why agentsh (RE2 syntax, as Go has it) refuses an expression, or ``None``."""
    try:
        re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        return str(error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0])
    return None


def argument_patterns(pattern: str) -> Between:
    """Patterns of the command line; the expression is a valid one."""
    upper = tuple(dict.fromkeys(_written(("*", line, "*")) for line in _upper(pattern)))
    lower = tuple(dict.fromkeys(_lower(pattern)))
    plain = re.fullmatch(r"(?:\.\*)?((?:[A-Za-z0-9_@%=:,/-]|\\[.-])+)(?:\.\*)?", pattern)
    if plain:
        word = quoted_text(plain[1].replace("\\", ""))
        return Between((f"* *{word}*",), (f"*{word}*",), near=True)
    return Between(lower, upper)


def _written(parts: tuple[str, Line, str]) -> str:
    first, line, last = parts
    text = first + "".join("*" if t is STAR else quoted_text(t) for t in line) + last
    return re.sub(r"(?<!\\)\*{2,}", "*", text)


def _upper(pattern: str) -> list[Line]:
    """Sequences of text and STAR; every command line that the expression finds matches one of them."""
    if re.search(r"\(\?[^:P]|\\[QEC]", pattern):
        return [()]  # flags and quoting change how the rest reads
    reader = _Reader(pattern)
    found = _alternatives(reader)
    return found if reader.at == len(pattern) and len(found) <= MOST else [()]


def _alternatives(reader: _Reader) -> list[Line]:
    found = _sequence(reader)
    while reader.text.startswith("|", reader.at):
        reader.at += 1
        found = found + _sequence(reader)
    return list(dict.fromkeys(found)) if len(found) <= MOST else [(STAR,)]


def _sequence(reader: _Reader) -> list[Line]:
    made: list[Line] = [()]
    while reader.at < len(reader.text) and reader.text[reader.at] not in "|)":
        piece = _repeated(reader, _atom(reader))
        made = [m + p for m in made for p in piece] if len(made) * len(piece) <= MOST else [(STAR,)]
    return made


def _repeated(reader: _Reader, piece: list[Line]) -> list[Line]:
    found = _REPEAT.match(reader.text, reader.at)
    if not found:
        return piece
    reader.at = found.end()
    if found[1] == "+" or int(found[2] or 0) > 0:
        return [(*p, STAR) for p in piece]
    return [(STAR,)]


def _atom(reader: _Reader) -> list[Line]:
    text, at = reader.text, reader.at
    opening = _GROUP.match(text, at)
    if opening:
        reader.at = opening.end()
        inner = _alternatives(reader)
        reader.at += 1
        return inner
    if text[at] == "[":
        found = _CLASS.match(text, at)
        reader.at = found.end() if found else len(text)
        return [(STAR,)]
    if text[at] == "\\":
        reader.at = at + 2
        return _escape(reader, text[at + 1 : at + 2])
    reader.at = at + 1
    if text[at] in "^$":
        return [()]
    return [(STAR,)] if text[at] in ".'\"" or text[at].isspace() else [(text[at],)]


def _escape(reader: _Reader, sign: str) -> list[Line]:
    if sign in "pPx":
        skip = re.compile(r"\{[^}]*\}|[0-9A-Fa-f]{2}|.").match(reader.text, reader.at)
        reader.at = skip.end() if skip else len(reader.text)
        return [(STAR,)]
    if sign in "bBAz":
        return [()]
    return [(STAR,)] if sign.isalnum() or sign in " '" else [(sign,)]


def _lower(pattern: str) -> list[str]:
    """Patterns that only match command lines in whose arguments the expression is found."""
    anchored = pattern.endswith("$") and not pattern.endswith("\\$")
    body = pattern.removesuffix("$") if anchored else re.sub(r"(?<!\\)\.\*$", "", pattern)
    body = re.sub(r"^\.\*", "", body)
    try:
        texts = _literals(_Reader(body))
    except UntranslatableError:
        return []
    return [f"* *{quoted_text(t)}" + ("" if anchored else "*") for t in texts if t]


def _literals(reader: _Reader) -> list[str]:
    made = [""]
    while reader.at < len(reader.text):
        piece = _literal(reader)
        found = _REPEAT.match(reader.text, reader.at)
        if found:
            reader.at = found.end()
            if found[1] in "*?" or found[2] == "0":
                piece = [""]
            elif found[1] != "+":
                raise UntranslatableError
        made = [m + p for m in made for p in piece]
        if len(made) > MOST:
            raise UntranslatableError
    return made


def _literal(reader: _Reader) -> list[str]:
    text, at = reader.text, reader.at
    reader.at = at + 1
    if text[at] == "\\" and text[at + 1 : at + 2] in ("-", ".", "/"):
        reader.at = at + 2
        return [text[at + 1]]
    if text[at] == "[":
        found = _CLASS.match(text, at)
        if found and not found[1] and _PLAIN_CLASS.fullmatch(found[2]):
            reader.at = found.end()
            return list(found[2])
    if text[at] == "(":
        return _optional_group(reader)
    if text[at] == "." or not _SAFE.fullmatch(text[at]):
        raise UntranslatableError
    return [text[at]]


def _optional_group(reader: _Reader) -> list[str]:
    """A group that may be absent is taken as absent; any other is not looked into."""
    depth, at = 1, reader.at
    while at < len(reader.text) and depth:
        if reader.text[at] == "\\":
            at += 1
        elif reader.text[at] == "[":
            found = _CLASS.match(reader.text, at)
            at = found.end() - 1 if found else len(reader.text)
        depth += {"(": 1, ")": -1}.get(reader.text[at : at + 1], 0)
        at += 1
    if depth or not re.match(r"[*?]", reader.text[at : at + 1]):
        raise UntranslatableError
    reader.at = at
    return [""]
