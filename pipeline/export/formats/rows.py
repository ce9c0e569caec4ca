"""Rows of one table as the formats look at them: by column, and only once at what says the same.

A million events name few hosts, users and programs. Whatever is made of such columns is made for the distinct
combinations (``distinct``) and handed to the rows by number; nothing here looks at single rows.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.export.formats.escapes import valid

_MOST = 2**62
_NARROW = 65536
_SPARSE = 8
_INT32_MAX = 2**31 - 1

Codes = npt.NDArray[np.int64]
Column: TypeAlias = pa.Array | None

_TYPES = {table: {c.name: c.type for c in columns} for table, columns in schema.TABLES.items()}


class Rows:
    """Some rows of a piece of a table. A column that is absent or NULL throughout is ``None``.

    ``piece`` are all rows of the piece, ``positions`` where in it these stand (``None``: they are the piece).
    ``made`` keeps what was made once for them.
    """

    def __init__(self, table: str, count: int, piece: Rows | None = None, positions: Codes | None = None) -> None:
        self.table = table
        self.piece = piece or self
        self.positions = positions
        self.made: dict[Hashable, Any] = {}
        self._count = count
        self._columns: dict[str, Column] = {}
        self._numbers: dict[str, tuple[Codes, int]] = {}

    @classmethod
    def of(cls, table: str, batch: pa.RecordBatch) -> Rows:
        """A piece. Columns that the table does not have are left out; text is made valid UTF-8 and numbered."""
        rows = cls(table, batch.num_rows)
        types = _TYPES[table]
        rows._columns = {n: _read(batch.column(n), types[n]) for n in batch.schema.names if n in types}
        return rows

    def __len__(self) -> int:
        return self._count

    def column(self, name: str) -> Column:
        """A column: text dictionary-encoded, everything else in its lake type."""
        if self.positions is not None and name not in self._columns:
            whole = self.piece.column(name)
            part = None if whole is None else whole.take(self._indices)
            self._columns[name] = None if part is None or part.null_count == len(part) else part
        return self._columns.get(name)

    def plain(self, name: str) -> Column:
        """A column in its lake type."""
        column = self.column(name)
        return column.dictionary.take(column.indices) if isinstance(column, pa.DictionaryArray) else column

    @functools.cached_property
    def _indices(self) -> pa.Array:
        return pa.array(self.positions)

    def take(self, positions: Codes) -> Rows:
        """The rows at these positions."""
        within = positions if self.positions is None else self.positions[positions]
        return Rows(self.table, len(positions), self.piece, within)

    def alone(self, positions: Codes) -> Rows:
        """The rows at these positions as a piece of their own."""
        part, made = self.take(positions), Rows(self.table, len(positions))
        made._columns = {name: part.column(name) for name in self.piece._columns}  # noqa: SLF001 - its own kind
        return made

    def distinct(self, names: Sequence[str]) -> tuple[Codes, Rows]:
        """For each row the number of its combination of values, and one row for each number."""
        key = ("distinct", *sorted(names))
        if key not in self.made:
            self.made[key] = self._distinct(names)
        made: tuple[Codes, Rows] = self.made[key]
        return made

    def _distinct(self, names: Sequence[str]) -> tuple[Codes, Rows]:
        codes, count = self._numbered(names[0])
        for name in names[1:]:
            found, size = self._numbered(name)
            if size == 1:
                continue
            if count * size > _MOST:
                codes, count = _renumbered(codes)
            codes, count = codes * size + found, count * size
        codes, count = _dense(codes, count)
        first = np.zeros(count, np.int64)
        first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
        return codes, self.take(first)

    def _numbered(self, name: str) -> tuple[Codes, int]:
        """For each row the number of its value (NULL has the last one), and how many numbers there are."""
        if name not in self._numbers:
            if self.positions is None:
                self._numbers[name] = _numbers(self._columns.get(name), len(self))
            else:
                whole, size = self.piece._numbered(name)  # noqa: SLF001 - its own kind
                self._numbers[name] = whole[self.positions], size
        return self._numbers[name]


def _read(column: pa.Array, want: pa.DataType) -> Column:
    if column.null_count == len(column):
        return None
    return _encoded(column) if pa.types.is_string(want) else column.cast(want)


def _encoded(column: pa.Array) -> pa.DictionaryArray:
    """Dictionary-encoded text, its dictionary free of NULL and no larger than the rows need."""
    if isinstance(column, pa.DictionaryArray):
        entries = column.dictionary
        if len(entries) <= 2 * len(column) and not entries.null_count and pa.types.is_string(entries.type):
            return pa.DictionaryArray.from_arrays(column.indices, valid(entries))
        column = column.dictionary_decode()
    column = column.cast(pa.string())
    first = column[0]
    if first.is_valid and not column.null_count and pc.all(pc.equal(column, first)).as_py():
        return pa.DictionaryArray.from_arrays(np.zeros(len(column), np.int32), valid(column.slice(0, 1)))
    encoded = column.dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices, valid(encoded.dictionary))


def _numbers(column: Column, count: int) -> tuple[Codes, int]:
    """Numbers of values; whole numbers that lie close together are theirs already, but for the lowest."""
    if column is None:
        return np.zeros(count, np.int64), 1
    if pa.types.is_integer(column.type):
        low, high = (value.as_py() for value in pc.min_max(column).values())
        if high - low < _NARROW and high < _INT32_MAX:
            return _coded(column, high + 1) - low, high - low + 1 + bool(column.null_count)
    encoded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    size = len(encoded.dictionary)
    return _coded(encoded.indices, size), size + bool(column.null_count)


def _coded(numbers: pa.Array, missing: int) -> Codes:
    whole: Codes = (numbers.fill_null(missing) if numbers.null_count else numbers).to_numpy().astype(np.int64)
    return whole


def _renumbered(codes: Codes) -> tuple[Codes, int]:
    """The same distinction by numbers from 0 on, and their count, so that products never grow beyond 64 bits."""
    encoded = pa.array(codes).dictionary_encode()
    return np.asarray(encoded.indices, np.int64), len(encoded.dictionary)


def _dense(codes: Codes, count: int) -> tuple[Codes, int]:
    """The same distinction without unused numbers: rows that were taken out of others use a part of a dictionary."""
    if count > _SPARSE * len(codes):
        return _renumbered(codes)
    used = np.zeros(count, bool)
    used[codes] = True
    number = np.cumsum(used) - 1
    return (codes, count) if number[-1] + 1 == count else (number[codes], int(number[-1]) + 1)


def pieces(table: str, rows: pa.Table, size: int) -> list[Rows]:
    """The rows in pieces of at most ``size``."""
    return [_piece(table, rows.slice(start, size)) for start in range(0, rows.num_rows, size)]


def _piece(table: str, part: pa.Table) -> Rows:
    """Dictionaries that differ between chunks become one."""
    known = part.select([n for n in part.schema.names if n in _TYPES[table]])
    if not known.num_columns:
        return Rows(table, part.num_rows)
    arrays = [c.chunk(0) if c.num_chunks == 1 else c.unify_dictionaries().combine_chunks() for c in known.columns]
    return Rows.of(table, pa.RecordBatch.from_arrays(arrays, names=known.schema.names))
