"""Descriptions of what a field of srt settings may hold, and JSON checked against them.

The original checks with zod: keys that an object does not name are dropped, not refused, unless the object is
strict; ``null`` is not the same as absent; a whole number may be written ``1.0``. What zod takes is taken here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.policy.dialects.json_places import Path

Check = Callable[[Any], str]
"""Why a value of the right type is refused; nothing where it is taken."""

Found = Iterator[tuple["Path", str]]


@dataclass(frozen=True)
class Text:
    """A string of some length, counted in UTF-16 units."""

    least: int = 0
    most: int | None = None
    check: Check | None = None


@dataclass(frozen=True)
class Flag:
    """true or false."""

    only: bool | None = None


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Word:
    """One of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Items:
    """A list."""

    of: Shape
    least: int = 0


@dataclass(frozen=True)
class Row:
    """A list of exactly these."""

    parts: tuple[Shape, ...]
    check: Check | None = None


@dataclass(frozen=True)
class Record:
    """An object; ``strict`` where keys that it does not name are refused."""

    fields: Mapping[str, Shape] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    strict: bool = False
    check: Check | None = None


@dataclass(frozen=True)
class Named:
    """An object with any keys and values of one shape."""

    of: Shape


@dataclass(frozen=True)
class Either:
    """A value of any of some shapes; ``wanted`` is what the message asks for."""

    shapes: tuple[Shape, ...]
    wanted: str


@dataclass(frozen=True)
class Never:
    """A field that no JSON value fits."""

    message: str


Shape = Text | Flag | Whole | Word | Items | Row | Record | Named | Either | Never


def problems(shape: Shape, value: Any, path: Path = ()) -> Found:
    """Every place where the value does not fit, and why."""
    match shape:
        case Record():
            yield from _record(shape, value, path)
        case Items() | Row():
            yield from _list(shape, value, path)
        case Named():
            yield from _named(shape, value, path)
        case Either():
            if not any(next(problems(one, value, path), None) is None for one in shape.shapes):
                yield path, f"{_name(path)} must be {shape.wanted}"
        case Never():
            yield path, f"{_name(path)}: {shape.message}"
        case _:
            why = _scalar(shape, value)
            if why:
                yield path, f"{_name(path)} {why}"


def dropped(shape: Shape, value: Any, path: Path = ()) -> Iterator[Path]:
    """Keys of a value that fits which the original drops, since it does not know them."""
    match shape:
        case Record() if isinstance(value, dict):
            for key, inner in value.items():
                if key in shape.fields:
                    yield from dropped(shape.fields[key], inner, (*path, key))
                else:
                    yield (*path, key)
        case Items():
            for i, inner in enumerate(value):
                yield from dropped(shape.of, inner, (*path, i))
        case _:
            return


def _record(shape: Record, value: Any, path: Path) -> Found:
    if not isinstance(value, dict):
        yield path, f"{_name(path)} must be an object, not {_kind(value)}"
        return
    fits = True
    for name in shape.needed:
        if name not in value:
            fits = False
            yield path, f"{_name(path)} lacks the field '{name}'"
    for key, inner in value.items():
        if key in shape.fields:
            for found in problems(shape.fields[key], inner, (*path, key)):
                fits = False
                yield found
        elif shape.strict:
            fits = False
            yield (*path, key), f"unknown field '{key}'; known here: {', '.join(shape.fields)}"
    why = shape.check(value) if fits and shape.check else ""
    if why:
        yield path, f"{_name(path)}: {why}"


def _list(shape: Items | Row, value: Any, path: Path) -> Found:
    if not isinstance(value, list):
        yield path, f"{_name(path)} must be a list, not {_kind(value)}"
        return
    if isinstance(shape, Items):
        if len(value) < shape.least:
            yield path, f"{_name(path)} must have at least {shape.least} item"
        shapes: tuple[Shape, ...] = (shape.of,) * len(value)
    else:
        shapes = shape.parts
        if len(value) != len(shapes):
            yield path, f"{_name(path)} must have {len(shapes)} items"
            return
    fits = True
    for i, (one, inner) in enumerate(zip(shapes, value, strict=True)):
        for found in problems(one, inner, (*path, i)):
            fits = False
            yield found
    why = shape.check(value) if fits and isinstance(shape, Row) and shape.check else ""
    if why:
        yield path, f"{_name(path)}: {why}"


def _named(shape: Named, value: Any, path: Path) -> Found:
    if not isinstance(value, dict):
        yield path, f"{_name(path)} must be an object, not {_kind(value)}"
        return
    for key, inner in value.items():
        yield from problems(shape.of, inner, (*path, key))


def _scalar(shape: Text | Flag | Whole | Word, value: Any) -> str:
    match shape:
        case Text():
            return _text(shape, value)
        case Flag():
            fits = isinstance(value, bool) and shape.only in (None, value)
            wanted = "true or false" if shape.only is None else str(shape.only).lower()
        case Word():
            fits = isinstance(value, str) and value in shape.words
            wanted = "one of " + ", ".join(shape.words)
        case Whole():
            fits = _is_whole(shape, value)
            wanted = "a whole number" + _span(shape)
    return "" if fits else f"must be {wanted}, not {_kind(value)}"


def _text(shape: Text, value: Any) -> str:
    if not isinstance(value, str):
        return f"must be text, not {_kind(value)}"
    length = len(value.encode("utf-16-le", "surrogatepass")) // 2
    if length < shape.least:
        return "must not be empty"
    if shape.most is not None and length > shape.most:
        return f"must have at most {shape.most} characters"
    why = shape.check(value) if shape.check else ""
    return f"{value!r:.100}: {why}" if why else ""


def _is_whole(shape: Whole, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or (isinstance(value, float) and value % 1 != 0):
        return False
    return not ((shape.least is not None and value < shape.least) or (shape.most is not None and value > shape.most))


def _span(shape: Whole) -> str:
    low = "" if shape.least is None else f" from {shape.least}"
    return low + ("" if shape.most is None else f" to {shape.most}")


def _name(path: Path) -> str:
    """A path as the original's messages write it."""
    return f"'{'.'.join(map(str, path))}'" if path else "the file"


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", type(None): "null"}
    return names.get(type(value)) or f"{value!r}"[:80]
