"""Patterns that are no paths: command lines, user names, domain names; each becomes an anchored re2 expression.

A command line is matched whole, as the column ``cmdline`` shows it, and ``*`` is any text. A domain
is a name, or ``*.`` and a name for everything below it: nothing in between, since
``*example.com`` also matches what somebody else registered.
"""

from __future__ import annotations

import re

import re2

from pipeline.policy.words import wrong

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_SHELL = re.compile(r"(?s)\[!?+\]?+[^]]*\]|.")
_MEMBER = re.compile(r"(?s).-.|.")
_NOTHING = r"[^\x{0}-\x{10FFFF}]"


def pattern_text(value: str) -> str:
    """A pattern of a command line, unchanged; raises where it holds a NUL."""
    if "\0" in value:
        raise wrong("a command line holds no NUL character")
    return value


def text_regex(pattern: str) -> str:
    r"""``*`` any text, ``?`` one character, a backslash quotes; the whole text must match."""
    parts, quoted = [], False
    for character in pattern:
        if quoted or character not in "*?\\":
            parts.append(re2.escape(character))
            quoted = False
        elif character == "\\":
            quoted = True
        else:
            parts.append(".*" if character == "*" else ".")
    return "(?s)" + "".join(parts) + ("\\\\" if quoted else "")


def quoted_text(text: str) -> str:
    """The pattern that matches exactly this text."""
    return re.sub(r"([*?\\])", r"\\\1", text)


def user_regex(pattern: str) -> str:
    """A shell pattern of a user's name, as ``scope`` has them.

    Python's own translation holds atomic groups and empty look-aheads, which re2 does not know.
    """
    return "(?s)" + "".join(_shell_part(part) for part in _SHELL.findall(pattern))


def _shell_part(part: str) -> str:
    """One character of a shell pattern, or one set."""
    if part in ("*", "?"):
        return ".*" if part == "*" else "."
    if len(part) == 1:
        escaped: str = re2.escape(part)
        return escaped
    negated = part[1] == "!"
    return _set(part[2:-1] if negated else part[1:-1], negated=negated)


def _set(members: str, *, negated: bool) -> str:
    """A set such as ``a-f_``; a range that runs downwards holds nothing, as in the shell."""
    spans = [(m[0], m[-1]) for m in _MEMBER.findall(members)]
    inner = "".join(f"{_code(low)}-{_code(high)}" for low, high in spans if low <= high)
    if not inner:
        return "." if negated else _NOTHING
    return f"[{'^' if negated else ''}{inner}]"


def _code(character: str) -> str:
    return f"\\x{{{ord(character):x}}}"


def domain(value: str) -> str:
    """A domain in its plain form (lower case, punycode, no final dot); raises where it is none."""
    wild = value.startswith("*.")
    name = value[2:] if wild else value
    plain = plain_domain(name)
    if plain is None:
        raise wrong(f"'{value}' is no domain: write example.com, or *.example.com for every name below it")
    return f"*.{plain}" if wild else plain


def plain_domain(name: str) -> str | None:
    """A host name in lower case and punycode without its final dot; ``None`` where it is no host name."""
    text = name.removesuffix(".").lower()
    if not text.isascii():
        try:
            text = text.encode("idna").decode()
        except UnicodeError:
            return None
    labels = text.split(".")
    return text if len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels) else None


def domain_regex(value: str) -> str:
    """Regular expression of a plain domain or ``*.`` domain."""
    escaped: str = re2.escape(value.removeprefix("*."))
    return r"(?s).+\." + escaped if value.startswith("*.") else escaped
