"""Events as trees of members, written as JSON for many rows at once.

A format says once what its event looks like: objects, lists, constants, and leaves that name the columns they are
made of. The same tree writes the events and the tables of ``docs/export-formats.md``.

Writing goes by column: each member becomes an array of ``"key":value`` texts, NULL where it has none, and an
object joins the arrays of its members. An object or leaf whose columns take few different values is written once
for each combination of them.
"""

from __future__ import annotations

import functools
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.formats import escapes
from pipeline.export.formats.rows import Codes, Rows

Fragment: TypeAlias = pa.Array | str | None
"""Text for each row (NULL: no member), one text for every row, or nothing in any row."""

_NONE = pa.scalar(None, pa.string())


class Columned(Protocol):
    """Something that is made of columns."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, each once."""


class Node(ABC):
    """A value of an event."""

    columns: tuple[str, ...]

    @abstractmethod
    def text(self, rows: Rows, before: str) -> Fragment:
        """The value as JSON for each row, with ``before`` in front of it."""

    def pieces(self, rows: Rows, before: str) -> list[Fragment]:
        """The same in pieces, to be joined with all others of the event at once: each level of joining is a copy.

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
class Leaf(Node):
    """A value made of columns. ``make`` gives text, numbers or truth values, or ``None`` where no row has one.

    With ``is_json`` the text is JSON already. ``often_new`` says that the value differs in most rows, so that looking
    for repetitions would cost more than it saves.
    """

    columns: tuple[str, ...]
    make: Callable[[Rows], pa.Array | None]
    is_json: bool = False
    often_new: bool = False

    def text(self, rows: Rows, before: str) -> Fragment:
        """The value of each row, quoted where it is text."""
        return self._written(rows, before) if self.often_new else once(self, rows, before, self._written)

    def pieces(self, rows: Rows, before: str) -> list[Fragment]:
        """The value alone between texts that do not change, where each row has its own."""
        if not self.often_new:
            return [self.text(rows, before)]
        quote, values = self._value(rows)
        if values is None or values.null_count:
            return [None if values is None else joined([before + quote, values, quote])]
        return [before + quote, values, quote]

    def _written(self, rows: Rows, before: str) -> Fragment:
        quote, values = self._value(rows)
        return None if values is None else joined([before + quote, values, quote])

    def _value(self, rows: Rows) -> tuple[str, pa.Array | None]:
        """What stands on both sides of the value, and the value; ``None`` where no row has one."""
        values = self.make(rows)
        if values is None or values.null_count == len(values):
            return "", None
        if not pa.types.is_string(values.type):
            return "", _number_text(values)
        return ("", values) if self.is_json else ('"', escapes.JSON(values))

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
        write = _once_in_piece if self.shared else once
        return write(self, rows, before, self._written)

    def _written(self, rows: Rows, before: str) -> Fragment:
        return _enclosed([node.text(rows, f'"{key}":') for key, node in self.members.items()], before, "")

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
        if self.shared:
            return _once_in_piece(self, rows, before, self._written)
        return once(self, rows, before, self._written) if len(self.columns) == 1 else self._written(rows, before)

    def _written(self, rows: Rows, before: str) -> Fragment:
        if self._always:
            return _together(self._flat(rows, before))
        comma = "," if self._fixed else ""
        parts = {k: n.text(rows, f'{comma}"{k}":') for k, n in self.members.items() if not isinstance(n, Const)}
        every = [*(group.text(rows, comma) for group in self.groups), *parts.values()]
        made = (
            _together([before + "{" + self._fixed, *every, "}"]) if self._fixed else _enclosed(every, before + "{", "}")
        )
        if self.any_of:
            made = _only_where([_any_of([parts[key] for key in self.any_of])], made)
        return _only_where([parts[key] for key in self.needs], made)

    @property
    def _always(self) -> bool:
        """Whether each row has it."""
        return bool(self._fixed) and not self.any_of and not self.needs

    def pieces(self, rows: Rows, before: str) -> list[Fragment]:
        """Those of its members, where each row has the object."""
        if not self._always or self.shared or len(self.columns) == 1:
            return [self.text(rows, before)]
        return self._flat(rows, before)

    def _flat(self, rows: Rows, before: str) -> list[Fragment]:
        members = [n.pieces(rows, f',"{k}":') for k, n in self.members.items() if not isinstance(n, Const)]
        groups = [group.text(rows, ",") for group in self.groups]
        return [before + "{" + self._fixed, *groups, *(piece for some in members for piece in some), "}"]

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
        if self.shared:
            return _once_in_piece(self, rows, before, self._written)
        return once(self, rows, before, self._written) if len(self.columns) == 1 else self._written(rows, before)

    def pieces(self, rows: Rows, before: str) -> list[Fragment]:
        """Those of its elements, where each row has the first one."""
        if self.inner or self.shared or len(self.columns) == 1:
            return [self.text(rows, before)]
        head = self.elements[0].text(rows, "")
        if head is None or (isinstance(head, pa.Array) and head.null_count):
            return [self.text(rows, before)]
        return [before + "[", head, *(node.text(rows, ",") for node in self.elements[1:]), "]"]

    def _written(self, rows: Rows, before: str) -> Fragment:
        brackets = ("", "") if self.inner else ("[", "]")
        return _enclosed([node.text(rows, "") for node in self.elements], before + brackets[0], brackets[1])

    def leaves(self, path: str) -> Iterator[tuple[str, Node]]:
        """Those of its elements."""
        for node in self.elements:
            yield from node.leaves(path if self.inner else f"{path}[]")


def written(node: Node, rows: Rows) -> pa.Array:
    """The events of rows, one JSON text each; NULL where nothing of the tree is there."""
    made = node.text(rows, "")
    if isinstance(made, pa.Array):
        return made
    return pa.repeat(pa.scalar(made, pa.string()), len(rows))


def _leaves(members: Mapping[str, Node], path: str) -> Iterator[tuple[str, Node]]:
    for key, node in members.items():
        yield from node.leaves(f"{path}.{key}" if path else key)


Writer = Callable[[Rows, str], Fragment]

_FEW = 256
"""So few rows are written as they are: to find repetitions among them costs more than it saves."""


def once(node: Columned, rows: Rows, before: str, write: Writer) -> Fragment:
    """What a node writes, written once for each combination of its columns, unless most rows have their own.

    The combinations are those of the rows' whole scope, so that the next slice of it finds them written.
    """
    if len(rows.scope) < _FEW:
        return write(rows, before)
    return _from(rows.scope, node, rows, before, write, rows.span)


def _once_in_piece(node: Node, rows: Rows, before: str, write: Writer) -> Fragment:
    """The same over the whole piece that the rows are from, so that the next kind of event finds it written."""
    return _from(rows.piece, node, rows, before, write, slice(None) if rows.positions is None else rows.positions)


def _from(whole: Rows, node: Columned, rows: Rows, before: str, write: Writer, part: slice | Codes) -> Fragment:
    if (node, before) not in whole.made:
        found = _combinations(node, whole)
        whole.made[node, before] = None if found is None else (found[0], write(found[1], before))
    made = whole.made[node, before]
    if made is None:
        return write(rows, before)
    codes, text = made
    return text.take(pa.array(codes[part])) if isinstance(text, pa.Array) else text


def _combinations(node: Columned, rows: Rows) -> tuple[Codes, Rows] | None:
    present = [c for c in node.columns if rows.column(c) is not None]
    if not present:
        return np.zeros(len(rows), np.int64), rows.take(np.zeros(1, np.int64))
    codes, few = rows.distinct(present)
    return None if len(few) * 2 > len(rows) else (codes, few)


def _together(pieces: Sequence[Fragment]) -> Fragment:
    """Pieces of something that each row has; members bring their own commas, so that all is copied once."""
    there = _constants_together(pieces, "")
    if len(there) == 1 and isinstance(there[0], str):
        return there[0]
    return pc.binary_join_element_wise(*_scalars([*there, ""]), null_handling="skip")


def _enclosed(parts: Sequence[Fragment], opening: str, closing: str) -> Fragment:
    """Members between brackets, absent ones left out; nothing where all are absent."""
    inner = joined_where_any(parts, ",")
    if inner is None or isinstance(inner, str):
        return None if inner is None else opening + inner + closing
    return joined([opening, inner, closing]) if opening or closing else inner


def joined_where_any(parts: Sequence[Fragment], between: str) -> Fragment:
    """Parts side by side, absent ones left out; NULL for a row that has none of them."""
    there = _constants_together(parts, between)
    if not there:
        return None
    if isinstance(there[0], str) and len(there) == 1:
        return there[0]
    empty = _empty(there)
    if empty is not None:  # Arrow leaves out, not only empties, a row of which it skips every piece
        there[0] = pc.if_else(empty, scalar(""), there[0])
    inner = pc.binary_join_element_wise(*_scalars([*there, between]), null_handling="skip")
    return inner if empty is None else pc.if_else(empty, _NONE, inner)


def _empty(parts: Sequence[pa.Array | str]) -> pa.Array | None:
    """Which rows have none of the parts; ``None`` where no row is like that."""
    nulls = [part.is_null() for part in parts if not isinstance(part, str) and part.null_count]
    if len(nulls) < len(parts):
        return None
    empty = functools.reduce(pc.and_, nulls)
    return empty if pc.any(empty).as_py() else None


def _constants_together(parts: Sequence[Fragment], between: str) -> list[pa.Array | str]:
    """Neighbouring constants as one text: joining costs by the piece. Their order stays, whatever else is absent."""
    made: list[pa.Array | str] = []
    for part in parts:
        if isinstance(part, str) and made and isinstance(made[-1], str):
            made[-1] += between + part
        elif part is not None:
            made.append(part)
    return made


def _only_where(needed: Sequence[Fragment], made: Fragment) -> Fragment:
    if any(part is None for part in needed):
        return None
    for part in needed:
        if isinstance(part, pa.Array) and part.null_count and made is not None:
            made = pc.if_else(part.is_valid(), made, _NONE)
    return made


def _any_of(parts: Sequence[Fragment]) -> Fragment:
    there = [part for part in parts if part is not None]
    constant = next((part for part in there if isinstance(part, str)), None)
    return constant or (pc.coalesce(*there) if there else None)


def joined(parts: Sequence[pa.Array | str]) -> pa.Array:
    """Texts one behind the other; NULL where one of them is."""
    return pc.binary_join_element_wise(*_scalars([*parts, ""]), null_handling="emit_null")


@functools.lru_cache(8192)
def scalar(text: str) -> pa.Scalar:
    """A text as Arrow has it: pyarrow would make it anew in each call, and that costs more than the call."""
    return pa.scalar(text, pa.string())


def _scalars(parts: Sequence[pa.Array | str]) -> list[pa.Array | pa.Scalar]:
    return [scalar(part) if isinstance(part, str) else part for part in parts]


def _number_text(values: pa.Array) -> pa.Array:
    """Numbers and truth values as JSON writes them; what is no number (NaN, infinity) is absent."""
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_finite(values), values, pa.scalar(None, values.type))
    return values.cast(pa.string())


def _columns_of(nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c for node in nodes for c in node.columns))
