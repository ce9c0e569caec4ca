"""JSON text as plain data, with the line and column of every value and of every key that stands twice.

The standard library's parser tells no positions, and a report without them sends people searching.
Its decoder still reads the scalars here, so that what is JSON is decided by it alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from json.decoder import JSONDecodeError
from typing import Any

from pipeline.policy.source import PolicyError, Problem

_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = json.JSONDecoder()

DEEPEST = 128
"""Nesting that is refused; serde_json has the same limit."""

Path = tuple[str | int, ...]


@dataclass
class JsonText:
    """``data`` and where its parts stand; ``twice`` are keys that an object has more than once (the last one counts)."""

    data: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    twice: list[Path] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Line of a value, or of the nearest part around it."""
        return self.place(path)[0]

    def place(self, path: Path) -> tuple[int, int]:
        """Line and column of a value, or of the nearest part around it."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]


def pointer(path: Path) -> str:
    """The JSON pointer (RFC 6901) of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def read_json(text: str, filename: str) -> JsonText:
    """Parse; raises ``PolicyError`` with the place where the text stops being JSON."""
    text = text.removeprefix("\ufeff")
    reader = _Reader(text)
    try:
        reader.whole()
    except JSONDecodeError as error:
        raise PolicyError(filename, [Problem(error.lineno, error.colno, f"not JSON: {error.msg}")]) from None
    return reader.made


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


class _Reader:
    """One pass over the text; ``end`` is where the last value ended."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = 0
        self.made = JsonText()
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self._line = 0

    def whole(self) -> None:
        """Read the one value that the text must be."""
        self.made.data = self.value(_skip(self.text, 0), ())
        end = _skip(self.text, self.end)
        if end != len(self.text):
            raise JSONDecodeError("more text behind the end", self.text, end)

    def value(self, at: int, path: Path) -> Any:
        self.made.places[path] = self._place(at)
        if len(path) > DEEPEST:
            raise JSONDecodeError(f"nested deeper than {DEEPEST} levels", self.text, at)
        first = self.text[at : at + 1]
        if first == "{":
            return self._object(at + 1, path)
        if first == "[":
            return self._array(at + 1, path)
        found, self.end = self._scalar(at)
        return found

    def _scalar(self, at: int) -> tuple[Any, int]:
        try:
            found, end = _SCALAR.raw_decode(self.text, at)
        except JSONDecodeError as error:
            raise JSONDecodeError(error.msg, self.text, error.pos) from None
        if isinstance(found, float) and self.text[at:end].lstrip("-")[:1] in "IN":  # Python reads Infinity and NaN
            raise JSONDecodeError("Expecting value", self.text, at)
        return found, end

    def _object(self, at: int, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        at = _skip(self.text, at)
        if self.text[at : at + 1] == "}":
            self.end = at + 1
            return found
        while True:
            if self.text[at : at + 1] != '"':
                raise JSONDecodeError("Expecting property name enclosed in double quotes", self.text, at)
            key, end = self._scalar(at)
            colon = _skip(self.text, end)
            if self.text[colon : colon + 1] != ":":
                raise JSONDecodeError("Expecting ':' delimiter", self.text, colon)
            if key in found:
                self.made.twice.append((*path, key))
            found[key] = self.value(_skip(self.text, colon + 1), (*path, key))
            at, more = self._next("}")
            if not more:
                return found

    def _array(self, at: int, path: Path) -> list[Any]:
        found: list[Any] = []
        at = _skip(self.text, at)
        if self.text[at : at + 1] == "]":
            self.end = at + 1
            return found
        while True:
            found.append(self.value(at, (*path, len(found))))
            at, more = self._next("]")
            if not more:
                return found

    def _next(self, closing: str) -> tuple[int, bool]:
        """Behind a value: where the next one begins, or that there is none."""
        at = _skip(self.text, self.end)
        sign = self.text[at : at + 1]
        if sign == closing:
            self.end = at + 1
            return at, False
        if sign != ",":
            raise JSONDecodeError("Expecting ',' delimiter", self.text, at)
        return _skip(self.text, at + 1), True

    def _place(self, at: int) -> tuple[int, int]:
        """Line and column, counted from 1; values are met in the order of the text."""
        while self._line + 1 < len(self._starts) and self._starts[self._line + 1] <= at:
            self._line += 1
        return self._line + 1, at - self._starts[self._line] + 1
