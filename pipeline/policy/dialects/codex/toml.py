"""TOML with the lines of its keys: the standard library reads the data, a scan of the text finds the places.

The scan knows headers, dotted and quoted keys and long strings. What it does not find (a key in an inline table)
gets the place of the part around it.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.json_places import JsonText
from pipeline.policy.source import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.dialects.json_places import Path

_PART = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*""")
_HEADER = re.compile(r"\s*(\[\[?)(.*?)\]\]?\s*(#.*)?$")
_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")


def read_toml(text: str, filename: str) -> JsonText:
    """Data and places; raises ``PolicyError`` where the text is no TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _WHERE.search(str(error))
        line, column = (int(found[1]), int(found[2])) if found and found[1] else (text.count("\n") + 1, 1)
        raise PolicyError(filename, [Problem(line, column, f"not TOML: {_WHERE.sub('', str(error))}")]) from None
    made = JsonText(data, {(): (1, 1), **dict(_places(text))})
    _list_places(data, (), text.split("\n"), made)
    return made


def _places(text: str) -> Iterator[tuple[Path, tuple[int, int]]]:
    """The places of keys and headers, with the numbers of tables that stand in lists."""
    table: Path = ()
    counts: dict[Path, int] = {}
    closing = ""
    for number, line in enumerate(text.split("\n"), 1):
        if closing:
            closing = "" if closing in line else closing
            continue
        header = _HEADER.match(line)
        keys = _keys(header[2]) if header else None
        if header and keys:
            table = keys
            if header[1] == "[[":
                counts[keys] = counts.get(keys, -1) + 1
                table = (*keys, counts[keys])
            yield table, (number, line.index("[") + 1)
            continue
        name, equals, value = _assignment(line)
        if equals:
            yield (*table, *name), (number, len(line) - len(line.lstrip()) + 1)
        closing = next((q for q in ('"""', "'''") if value.count(q) % 2), "")


def _assignment(line: str) -> tuple[Path, bool, str]:
    at = 0
    parts: list[str | int] = []
    while (found := _PART.match(line, at)) is not None:
        parts.append(_plain(found[1]))
        at = found.end()
        if line[at : at + 1] == "=":
            return tuple(parts), True, line[at + 1 :]
        if line[at : at + 1] != ".":
            break
        at += 1
    return (), False, line


def _keys(text: str) -> Path | None:
    name, equals, _ = _assignment(f"{text} =")
    return name if equals else None


def _plain(text: str) -> str:
    if text[0] == "'":
        return text[1:-1]
    if text[0] != '"':
        return text
    try:
        return str(tomllib.loads(f"k = {text}")["k"])
    except tomllib.TOMLDecodeError:
        return text[1:-1]


def _list_places(data: Any, path: Path, lines: list[str], made: JsonText) -> None:
    """Texts in lists that stand on lines of their own."""
    if isinstance(data, dict):
        for key, inner in data.items():
            _list_places(inner, (*path, key), lines, made)
    elif isinstance(data, list):
        first = made.line(path)
        for i, inner in enumerate(data):
            if isinstance(inner, str):
                found = next((n for n in range(first, len(lines) + 1) if inner in lines[n - 1]), 0)
                if found:
                    made.places[*path, i] = found, lines[found - 1].index(inner) + 1
            else:
                _list_places(inner, (*path, i), lines, made)
