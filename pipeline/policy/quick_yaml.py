"""The fast way through a policy's YAML: libyaml's events straight to data and positions.

PyYAML's own parser takes three seconds for 5,000 rules, libyaml a tenth of one. What this way cannot do is
explain: as soon as anything is not as it must be it gives up, and ``source`` reads the text again
with the slow parser, whose messages have places. Both give the same data (a test holds it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Location = tuple[str | int, ...]
Places = dict[Location, tuple[int, int]]

PARSER = getattr(yaml, "CSafeLoader", None)
"""``None`` where PyYAML was built without libyaml."""


class GiveUpError(Exception):
    """The text is not simply right; the slow parser says why."""


def quick_tree(text: str, values: Places, keys: Places, scalar: Callable[..., Any], deepest: int) -> Any:
    """Data of the one document of ``text``; fills in where values and keys stand. Raises ``GiveUpError``."""
    if PARSER is None:
        raise GiveUpError
    try:
        events = yaml.parse(text, Loader=PARSER)
        reader = _Reader(events, values, keys, scalar, deepest)
        return reader.document()
    except (yaml.YAMLError, StopIteration, UnicodeError):
        raise GiveUpError from None


class _Reader:
    """One pass over the events."""

    def __init__(
        self, events: Iterator[yaml.Event], values: Places, keys: Places, scalar: Callable[..., Any], deepest: int
    ) -> None:
        self._events = events
        self._values = values
        self._keys = keys
        self._scalar = scalar
        self._deepest = deepest

    def document(self) -> Any:
        if not isinstance(next(self._events), yaml.StreamStartEvent):
            raise GiveUpError
        if not isinstance(next(self._events), yaml.DocumentStartEvent):
            raise GiveUpError
        found = self._value(next(self._events), (), 1)
        next(self._events)  # the end of the document
        if not isinstance(next(self._events), yaml.StreamEndEvent):
            raise GiveUpError
        return found

    def _value(self, event: yaml.Event, here: Location, depth: int) -> Any:
        kind = type(event)
        if depth > self._deepest or kind is yaml.AliasEvent or event.anchor is not None or event.tag is not None:  # type: ignore[attr-defined]  # every node event has both
            raise GiveUpError
        self._values[here] = _place(event)
        if kind is yaml.ScalarEvent:
            return self._scalar(event.value, quoted=event.style not in (None, ""))  # type: ignore[attr-defined]  # a scalar event
        return self._mapping(here, depth) if kind is yaml.MappingStartEvent else self._sequence(here, depth)

    def _sequence(self, here: Location, depth: int) -> list[Any]:
        found: list[Any] = []
        while type(event := next(self._events)) is not yaml.SequenceEndEvent:
            found.append(self._value(event, (*here, len(found)), depth + 1))
        return found

    def _mapping(self, here: Location, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while type(key := next(self._events)) is not yaml.MappingEndEvent:
            if type(key) is not yaml.ScalarEvent or key.anchor is not None or key.tag is not None:
                raise GiveUpError
            name = key.value
            if name in found:
                raise GiveUpError
            self._keys[(*here, name)] = _place(key)
            found[name] = self._value(next(self._events), (*here, name), depth + 1)
        return found


def _place(event: yaml.Event) -> tuple[int, int]:
    mark: Any = event.start_mark  # libyaml's own kind of mark
    return mark.line + 1, mark.column + 1
