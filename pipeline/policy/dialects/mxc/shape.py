"""Descriptions of what a field of an MXC configuration may hold, and JSON read against them.

The original reads with serde, and what serde takes must be taken here: an array stands for a record
(its fields in order), an alias for a name, and for versions up to 0.9 ``null`` for an absent field. The result
is plain data with the canonical names, and for each part of it the place in the file that it came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.policy.source import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.policy.dialects.json_places import JsonText, Path


BLANK = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""What Rust's ``trim`` takes away, which is not what Python's ``strip`` does."""


@dataclass(frozen=True)
class Text:
    """A string; ``some`` where it may not be empty."""

    some: bool = False


@dataclass(frozen=True)
class Flag:
    """true or false."""


@dataclass(frozen=True)
class Whole:
    """A whole number without a sign, as Rust's u16, u32 or u64."""

    most: int
    least: int = 0


@dataclass(frozen=True)
class Word:
    """One of some words; ``aliases`` are older spellings."""

    words: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Items:
    """A list; ``some`` where it may not be empty."""

    of: Shape
    some: bool = False


@dataclass(frozen=True)
class Anything:
    """Any JSON."""


@dataclass(frozen=True)
class Record:
    """An object; ``fields`` in the order of the original's declaration, ``open`` where unknown ones are ignored."""

    fields: Mapping[str, Shape]
    needed: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    open: bool = False


Shape = Text | Flag | Whole | Word | Items | Anything | Record

_BAD = object()


class Reading:
    """One pass over the data; ``problems`` are complete when ``read`` returns, ``came_from`` leads back into the file."""

    def __init__(self, source: str, text: JsonText, *, lenient: bool) -> None:
        """``lenient``: the reader of 0.6 to 0.9, which takes ``null`` for absent and ``{"word": null}`` for a word."""
        self._lines = source.split("\n")
        self._text = text
        self._lenient = lenient
        self._twice = set(text.twice)
        self.problems: list[Problem] = []
        self.came_from: dict[Path, Path] = {}

    def read(self, shape: Shape, value: Any, path: Path = (), clean: Path = ()) -> Any:
        """The value with canonical names; something meaningless where there are problems."""
        self.came_from[clean] = path
        match shape:
            case Items():
                return self._items(shape, value, path, clean)
            case Record():
                return self._record(shape, value, path, clean)
            case Word():
                return self._word(shape, value, path)
            case Anything():
                return value
        return self._scalar(shape, value, path)

    def refuse(self, path: Path, message: str) -> Any:
        """Note a problem at a place of the file."""
        self.problems.append(Problem(*self._text.place(path), message))
        return _BAD

    def _scalar(self, shape: Text | Flag | Whole, value: Any, path: Path) -> Any:
        match shape:
            case Text():
                fits = isinstance(value, str) and not (shape.some and not value)
                return self._taken(value, path, fits=fits, wanted="text" + " that is not empty" * shape.some)
            case Flag():
                return self._taken(value, path, fits=isinstance(value, bool), wanted="true or false")
        wanted = f"a whole number from {shape.least} to {shape.most}"
        return self._taken(value, path, fits=self._is_whole(shape, value, path), wanted=wanted)

    def _taken(self, value: Any, path: Path, *, fits: bool, wanted: str) -> Any:
        return value if fits else self.refuse(path, f"{_name(path)} must be {wanted}, not {_kind(value)}")

    def _is_whole(self, shape: Whole, value: Any, path: Path) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        line, column = self._text.place(path)
        signed = self._lines[line - 1][column - 1 : column] == "-"  # serde reads -0 as a fraction
        return shape.least <= value <= shape.most and not signed

    def _word(self, shape: Word, value: Any, path: Path) -> Any:
        if self._lenient and isinstance(value, dict) and len(value) == 1 and (*path, *value) not in self._twice:
            ((key, inner),) = value.items()
            value = key if inner is None else value
        word = shape.aliases.get(value, value) if isinstance(value, str) else value
        known = isinstance(word, str) and word in shape.words
        return self._taken(word, path, fits=known, wanted="one of " + ", ".join(shape.words))

    def _items(self, shape: Items, value: Any, path: Path, clean: Path) -> Any:
        if not isinstance(value, list) or (shape.some and not value):
            wanted = "a list" + " that is not empty" * shape.some
            return self.refuse(path, f"{_name(path)} must be {wanted}, not {_kind(value)}")
        return [self.read(shape.of, item, (*path, i), (*clean, i)) for i, item in enumerate(value)]

    def _record(self, shape: Record, value: Any, path: Path, clean: Path) -> Any:
        if isinstance(value, list):
            return self._from_list(shape, value, path, clean)
        if not isinstance(value, dict):
            return self.refuse(path, f"{_name(path)} must be an object, not {_kind(value)}")
        found: dict[str, Any] = {}
        seen: set[str] = set()
        for key, inner in value.items():
            name = shape.aliases.get(key, key)
            if name not in shape.fields:
                if not shape.open:
                    self.refuse((*path, key), f"unknown field '{key}'; known here: {', '.join(shape.fields)}")
                continue
            if name in seen or (*path, key) in self._twice:
                self.refuse((*path, key), f"field '{name}' is given twice")
            seen.add(name)
            self._field(shape, name, inner, (*path, key), clean, found)
        self._needed(shape, seen, path)
        return found

    def _from_list(self, shape: Record, value: list[Any], path: Path, clean: Path) -> Any:
        """A record written as an array; up to 0.9 every field must have its place."""
        names = list(shape.fields)
        if len(value) > len(names) or (self._lenient and len(value) < len(names)):
            return self.refuse(path, f"{_name(path)} must be an object with the fields {', '.join(names)}")
        found: dict[str, Any] = {}
        for i, (name, inner) in enumerate(zip(names, value, strict=False)):
            self._field(shape, name, inner, (*path, i), clean, found)
        self._needed(shape, set(names[: len(value)]), path)
        return found

    def _field(self, shape: Record, name: str, inner: Any, path: Path, clean: Path, found: dict[str, Any]) -> None:
        if inner is None and self._lenient and name not in shape.needed:
            return
        found[name] = self.read(shape.fields[name], inner, path, (*clean, name))

    def _needed(self, shape: Record, seen: set[str], path: Path) -> None:
        for name in shape.needed:
            if name not in seen:
                self.refuse(path, f"{_name(path)} lacks the field '{name}'")


def _name(path: Path) -> str:
    """A path as the original's messages write it."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"'{text.lstrip('.')}'" if text else "the configuration"


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", type(None): "null", float: "a fraction"}
    return names.get(type(value)) or f"{value!r}"[:80]
