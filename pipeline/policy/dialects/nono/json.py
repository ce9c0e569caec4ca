"""Profiles of nono are JSON with comments and trailing commas; blanks take their place, so that every line and column stays."""

from __future__ import annotations

import re

_COMMENT = r"//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/"
_PART = re.compile(rf'"(?:[^"\\]|\\.)*"|{_COMMENT}|,(?=(?:[ \t\r\n]|{_COMMENT})*[}}\]])', re.DOTALL)


def plain(text: str) -> str:
    """The text as plain JSON."""

    def blank(match: re.Match[str]) -> str:
        found = match[0]
        return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)

    return _PART.sub(blank, text)
