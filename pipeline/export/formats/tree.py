"""Events as trees of members, written as JSON for many rows at once.

A format says once what its event looks like: objects, lists, constants, and leaves (``leaf``) that name the columns
they are made of. The same tree writes the events and the tables of ``docs/export-formats.md``.

Writing goes by column: each member becomes an array of ``"key":value`` texts, NULL where it has none. An object or
leaf whose columns take few different values is written once for each combination of them (``repeats``); an object
that every row has is not joined at all, its pieces are put together with all others of the event (``assembly``).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.export.formats.joining import Fragment, any_of, enclosed, everywhere, only_where, together
from pipeline.export.formats.repeats import once, once_in_piece
from pipeline.export.formats.rows import Rows


class Node(ABC):
    """A value of an event."""

    columns: tuple[str, ...]

    @abstractmethod
    def text(self, rows: Rows, before: str) -> Fragment:
        """The value as JSON for each row, with ``before`` in front of it."""

    def pieces(self, rows: Rows, before: str) -> list[Fragment]:
        """The same in pieces, to be put together with all others of the event at once: each level of joining is a copy.

        A row that has no value has NULL in every piece.
        """
        return [self.text(rows, before)]

    @abstractmethod
    def leaves(self, path: str) -> Iterator[tuple[str, Node]]:
        """Every constant and leaf below, with its path: ``a.b`` in an object, ``a[]`` in a list."""


@dataclass(frozen=True, eq=False)
class Const(Node):
    """The same value in each event."""

    value: str | float | bool | list[str]
    columns: tuple[str, ...] = ()

    @property
    def json(self) -> str:
        """The value as JSON."""
        return json.dumps(self.value, separators=(",", ":"))

    def text(self, rows: Rows, before: str) -> Fragment:
        """The same text for all rows."""
        del rows
        return before + self.json

    def leaves(self, path: str) -> Iterator[tuple[str, Node]]:
        """Itself."""
        yield path, self


@dataclass(frozen=True, eq=False)
class Members(Node):
    """Members that stand in an object side by side, because their columns together take few different values.

    ``shared``: also among the rows of other kinds of event in the piece, so that one writing serves them all.
    """

    members: Mapping[str, Node]
    shared: bool = False
    columns: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _columns_of(self.members.values()))

    def text(self, rows: Rows, before: str) -> Fragment:
        """The members of each row, between commas."""
        write = once_in_piece if self.shared else once
        return write(self, rows, before, self._written)

    def _written(self, rows: Rows, before: str) -> Fragment:
        return enclosed([node.text(rows, f'"{key}":') for key, node in self.members.items()], before, "")

    def leaves(self, path: str) -> Iterator[tuple[str, Node]]:
        """Those of its members."""
        yield from _leaves(self.members, path)


@dataclass(frozen=True, eq=False)
class Object(Node):
    """Named members; there is none where all of them are absent, or all of those in ``any_of``, or one in ``needs``.

    ``groups`` are members that are written together; ``shared`` is that of ``Members``, for the whole object.
    """

    members: Mapping[str, Node]
    needs: Sequence[str] = ()
    any_of: Sequence[str] = ()
    groups: Sequence[Members] = ()
    shared: bool = False
    columns: tuple[str, ...] = field(init=False)
    _fixed: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _columns_of((*self.groups, *self.members.values())))
        object.__setattr__(
            self, "_fixed", ",".join(f'"{k}":{n.json}' for k, n in self.members.items() if isinstance(n, Const))
        )

    def text(self, rows: Rows, before: str) -> Fragment:
        """The object of each row."""
        write = once_in_piece if self.shared else once
        return write(self, rows, before, self._written)

    def _written(self, rows: Rows, before: str) -> Fragment:
        if self._always:
            return together(self._flat(rows, before))
        comma = "," if self._fixed else ""
        parts = {k: n.text(rows, f'{comma}"{k}":') for k, n in self._variable()}
        every = [*(group.text(rows, comma) for group in self.groups), *parts.values()]
        made = together([before + "{" + self._fixed, *every, "}"]) if comma else enclosed(every, before + "{", "}")
        if self.any_of:
            made = only_where([any_of([parts[key] for key in self.any_of])], made)
        return only_where([parts[key] for key in self.needs], made)

    def pieces(self, rows: Rows, before: str) -> list[Fragment]:
        """Those of its members, where each row has the object."""
        if self.shared or len(self.columns) == 1 or self.any_of or self.needs:
            return [self.text(rows, before)]
        if self._always:
            return self._flat(rows, before)
        nodes: list[tuple[str, Node]] = [("", group) for group in self.groups]
        return _in_pieces([*nodes, *((f'"{k}":', n) for k, n in self._variable())], rows, before + "{", "}")

    def _flat(self, rows: Rows, before: str) -> list[Fragment]:
        members = [n.pieces(rows, f',"{k}":') for k, n in self._variable()]
        groups = [group.text(rows, ",") for group in self.groups]
        return [before + "{" + self._fixed, *groups, *(piece for some in members for piece in some), "}"]

    @property
    def _always(self) -> bool:
        """Whether each row has it."""
        return bool(self._fixed) and not self.any_of and not self.needs

    def _variable(self) -> list[tuple[str, Node]]:
        return [(key, node) for key, node in self.members.items() if not isinstance(node, Const)]

    def leaves(self, path: str) -> Iterator[tuple[str, Node]]:
        """Those of its groups, then of its members."""
        for group in self.groups:
            yield from group.leaves(path)
        yield from _leaves(self.members, path)


@dataclass(frozen=True, eq=False)
class Array(Node):
    """A list of those elements that a row has; there is none where it has no element.

    ``inner``: without its brackets, to be an element of another list. ``shared`` is that of ``Members``.
    """

    elements: Sequence[Node]
    inner: bool = False
    shared: bool = False
    columns: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _columns_of(self.elements))

    def text(self, rows: Rows, before: str) -> Fragment:
        """The list of each row."""
        write = once_in_piece if self.shared else once
        return write(self, rows, before, self._written)

    def pieces(self, rows: Rows, before: str) -> list[Fragment]:
        """Those of its elements, where each row has the first one."""
        if self.inner or self.shared or len(self.columns) == 1:
            return [self.text(rows, before)]
        return _in_pieces([("", node) for node in self.elements], rows, before + "[", "]")

    def _written(self, rows: Rows, before: str) -> Fragment:
        brackets = ("", "") if self.inner else ("[", "]")
        return enclosed([node.text(rows, "") for node in self.elements], before + brackets[0], brackets[1])

    def leaves(self, path: str) -> Iterator[tuple[str, Node]]:
        """Those of its elements."""
        for node in self.elements:
            yield from node.leaves(path if self.inner else f"{path}[]")


def _in_pieces(nodes: Sequence[tuple[str, Node]], rows: Rows, opening: str, closing: str) -> list[Fragment]:
    """Nodes behind their labels, with commas between and brackets around; joined where a row lacks the first of them."""
    (label, first), *others = nodes
    head = first.text(rows, label)
    if not everywhere(head):
        return [enclosed([head, *(node.text(rows, name) for name, node in others)], opening, closing)]
    return [opening, head, *(piece for name, node in others for piece in node.pieces(rows, f",{name}")), closing]


def _leaves(members: Mapping[str, Node], path: str) -> Iterator[tuple[str, Node]]:
    for key, node in members.items():
        yield from node.leaves(f"{path}.{key}" if path else key)


def _columns_of(nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c for node in nodes for c in node.columns))
