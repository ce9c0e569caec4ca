"""What may stand in a typed YAML file, as serde reads it: closed records, texts out of any scalar, nulls here and there.

A wanted text takes any scalar as it is written (``10``, ``~``, ``true``); a number or a flag only an unquoted one.
Nothing at all (``key:``) is an empty list or record, ``null`` is not; an optional part takes both for absent. A key
twice is an error in a record, while in a table the last one counts. All problems of a file are collected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from pipeline.policy.dialects.openshell.yaml import DEEPEST, FLAGS, NULLS, is_plain, place, scalar, whole
from pipeline.policy.source import Location, Problem
from pipeline.policy.words import near

MOST = 200_000
"""Values that a file may come to once its aliases are followed."""


@dataclass(frozen=True)
class Text:
    """Any scalar, as it is written."""


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Whole:
    """A whole number between two others."""

    high: int
    low: int = 0


@dataclass(frozen=True)
class Anything:
    """Any value, as JSON has them."""


@dataclass(frozen=True)
class Items:
    """A list of one shape."""

    of: Shape


@dataclass(frozen=True)
class Table:
    """Any keys, values of one shape."""

    of: Shape


@dataclass(frozen=True)
class Record:
    """Known keys only."""

    fields: Mapping[str, Shape]
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Maybe:
    """Also null."""

    of: Shape


@dataclass(frozen=True)
class Matcher:
    """A pattern, or ``any`` with a list of them; with ``nested`` also a table of such."""

    nested: bool = False


_SCALARS = (Text, Flag, Whole)
Shape = Text | Flag | Whole | Anything | Items | Table | Record | Maybe | Matcher


@dataclass
class Reading:
    """What was read so far: places of values and keys, keys that stand twice in a table, problems."""

    places: dict[Location, tuple[int, int]] = field(default_factory=dict)
    twice: list[tuple[Location, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def place(self, here: Location) -> tuple[int, int]:
        """Where a value stands, or the nearest part around it."""
        while here not in self.places:
            here = here[:-1]
        return self.places[here]

    def problem(self, where: tuple[int, int], message: str) -> None:
        """Note what is wrong."""
        self.problems.append(Problem(*where, message))

    def value(self, node: yaml.Node, shape: Shape, here: Location) -> Any:
        """The data of a node; something of the right shape also where there is a problem."""
        self.places.setdefault(here, place(node))
        self.count += 1
        if len(here) > DEEPEST or self.count > MOST:
            if not self.problems:
                self.problem(place(node), "nested too deep or too many values: an alias that leads back to itself?")
            return None
        if isinstance(shape, Maybe):
            absent = is_plain(node) and node.value in NULLS
            return None if absent else self.value(node, shape.of, here)
        return self._scalar(node, shape, here) if isinstance(shape, _SCALARS) else self._part(node, shape, here)

    def _scalar(self, node: yaml.Node, shape: Text | Flag | Whole, here: Location) -> Any:
        if not isinstance(shape, Text):
            return self._number(node, shape, here)
        return node.value if isinstance(node, yaml.ScalarNode) else self._wrong(node, "text", here, "")

    def _part(self, node: yaml.Node, shape: Anything | Items | Table | Record | Matcher, here: Location) -> Any:
        match shape:
            case Items(of):
                return self._items(node, of, here)
            case Table(of):
                return self._table(node, of, here)
            case Record():
                return self._record(node, shape, here)
            case Matcher(nested):
                return self._matcher(node, here, nested=nested)
        return self._anything(node, here)

    def _wrong(self, node: yaml.Node, wanted: str, here: Location, instead: Any) -> Any:
        kinds: dict[type[yaml.Node], str] = {yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list"}
        kind = kinds.get(type(node))
        found = kind or (f"'{node.value}'" if is_plain(node) else f"the text '{node.value}'")
        self.problem(place(node), f"{_named(here)} must be {wanted}, not {found}")
        return instead

    def _number(self, node: yaml.Node, shape: Flag | Whole, here: Location) -> Any:
        if isinstance(shape, Flag):
            known = is_plain(node) and node.value in FLAGS
            return FLAGS[node.value] if known else self._wrong(node, "true or false", here, instead=False)
        found = whole(node.value) if is_plain(node) else None
        if found is None or not shape.low <= found <= shape.high:
            return self._wrong(node, f"a whole number from {shape.low} to {shape.high}", here, 0)
        return found

    def _anything(self, node: yaml.Node, here: Location) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._table(node, Anything(), here)
        if isinstance(node, yaml.SequenceNode):
            return self._items(node, Anything(), here)
        return scalar(node)  # type: ignore[arg-type]  # only scalars are left

    def _items(self, node: yaml.Node, of: Shape, here: Location) -> list[Any]:
        if _is_nothing(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(node, "a list", here, [])
            return []
        return [self.value(item, of, (*here, i)) for i, item in enumerate(node.value)]

    def _keys(self, node: yaml.Node, here: Location) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        if _is_nothing(node):
            return []
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, "a mapping", here, {})
            return []
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.problem(place(key), "a key must be text")
        return [(key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]

    def _table(self, node: yaml.Node, of: Shape, here: Location) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in self._keys(node, here):
            below = (*here, key.value)
            if key.value in found:
                self.twice.append((below, place(key)[0]))
                for known in [p for p in self.places if p[: len(below)] == below]:
                    del self.places[known]
            found[key.value] = self.value(value, of, below)
            if not isinstance(of, Anything):
                self.places[below] = place(key)
        return found

    def _record(self, node: yaml.Node, shape: Record, here: Location) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in self._keys(node, here):
            name = key.value
            if name not in shape.fields:
                known = near(name, tuple(shape.fields)) or f"; known: {', '.join(shape.fields)}"
                self.problem(place(key), f"unknown key '{name}'{known}")
            elif name in found:
                self.problem(place(key), f"key '{name}' stands twice")
            else:
                found[name] = self.value(value, shape.fields[name], (*here, name))
        for name in shape.needed:
            if name not in found:
                self.problem(place(node), f"{_named(here)} has no '{name}'")
        return {name: value for name, value in found.items() if value is not None}

    def _matcher(self, node: yaml.Node, here: Location, *, nested: bool) -> Any:
        """An untagged choice: here a scalar counts as what it looks like, so a number is no pattern."""
        if isinstance(node, yaml.ScalarNode):
            found = scalar(node)
            wanted = "a pattern (text; quote what looks like a number)"
            return found if isinstance(found, str) else self._wrong(node, wanted, here, "")
        if isinstance(node, yaml.MappingNode) and all(_is_any(key, value) for key, value in node.value):
            return {key.value: [item.value for item in value.value] for key, value in node.value}
        if isinstance(node, yaml.MappingNode) and nested:
            return self._table(node, Matcher(nested=True), here)
        return self._wrong(node, "a pattern or 'any' with a list of patterns", here, "")


def _is_any(key: yaml.Node, value: yaml.Node) -> bool:
    """Whether a key of a matcher is ``any`` with a list of texts."""
    return key.value == "any" and (
        _is_nothing(value)
        or (
            isinstance(value, yaml.SequenceNode)
            and all(isinstance(i, yaml.ScalarNode) and isinstance(scalar(i), str) for i in value.value)
        )
    )


def _is_nothing(node: yaml.Node) -> bool:
    return is_plain(node) and node.value == ""


def _named(here: Location) -> str:
    """The last name on the way to a value, for a message."""
    names = [part for part in here if isinstance(part, str)]
    if not names:
        return "a policy"
    return f"'{names[-1]}'" if isinstance(here[-1], str) else f"an entry of '{names[-1]}'"
