"""SQL text for what a rule says: its strings and its field names, quoted so that no rule can end the quotation.

A rule comes from anywhere. Everything of it that reaches SQL goes through ``literal`` or ``column``; the rest of a
predicate is written by Lictor.
"""

from __future__ import annotations

LOWERED, RAW, ADDRESS = "l", "r", "i"
"""Kinds of shadow columns: the value in small letters, the value as it is, and an IP address in a sortable form."""

ANYWHERE = "*"
"""The pseudo-field of keywords: every text of an event, one a line."""


class TextError(ValueError):
    """Text of a rule that SQL cannot hold; the message says which."""


def literal(text: str) -> str:
    """A string constant. DuckDB's parser ends a statement at a NUL, so that one is put in by ``chr``."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TextError(f"{text!a} holds half a surrogate pair, which is no Unicode text") from error
    parts = ["'" + part.replace("'", "''") + "'" for part in text.split("\0")]
    return parts[0] if len(parts) == 1 else "(" + " || chr(0) || ".join(parts) + ")"


def lowered(text: str) -> str:
    """A string constant in small letters, lowered by the function that lowers the columns.

    Beyond ASCII, Python and DuckDB differ (the Turkish dotted I), so DuckDB does it.
    """
    return literal(text.lower()) if text.isascii() else f"lower({literal(text)})"


def column(kind: str, field: str) -> str:
    """The quoted name of a shadow column. Raises ``TextError`` for a name that no log has."""
    if not field or not field.isprintable():
        raise TextError(f"{field!a} is no field name: it is empty or holds control characters")
    return '"' + f"{kind}:{field}".replace('"', '""') + '"'


def pattern(parts: list[str | None], *, single: str = "_", multi: str = "%") -> tuple[str, str]:
    """A LIKE pattern and its ESCAPE clause, ready for SQL.

    ``parts`` are plain strings, ``None`` for any text, and ``""`` for any one character. Only a pattern that holds
    ``%`` or ``_`` itself gets the clause: without one DuckDB has a faster matcher.
    """
    plain = "".join(p for p in parts if p)
    if not ("%" in plain or "_" in plain):
        return "".join(multi if p is None else p or single for p in parts), ""
    quoted = (p and p.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") for p in parts)
    return "".join(multi if p is None else p or single for p in quoted), r" ESCAPE '\'"
