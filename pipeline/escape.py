"""Text that programs chose, made harmless for a terminal.

A file name may hold a newline that forges a row, an escape sequence that repaints the
screen, or a direction mark that swaps ``exe`` and ``txt``. Here such characters become
visible escapes; everything that merely looks foreign stays as it is.
"""

from __future__ import annotations

import re
import unicodedata

_HARMLESS = re.compile(r"[\x20-\x7e]*")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories without a visible form: controls, format and direction marks, surrogates,
private and unassigned code points, line and paragraph separators."""

_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols that are drawn as nothing."""


def visible(text: str) -> str:
    """The text with every character that has no visible form written as an escape."""
    return text if _HARMLESS.fullmatch(text) else "".join(map(_visible_character, text))


def decoded(value: bytes) -> str:
    r"""Bytes as text, those that are no UTF-8 as ``\xNN``."""
    return value.decode("utf-8", errors="backslashreplace")


def _visible_character(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    odd_space = unicodedata.category(character) == "Zs" and character != " "
    if unicodedata.category(character) in _HIDDEN or odd_space or character in _BLANK:
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return character
