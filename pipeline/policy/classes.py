"""Distinct values of a column as small numbers: one *class* for all that match the same patterns.

What a value matches is found out once and remembered; a batch whose dictionary is the one before,
or that one grown longer, costs no look-up at all. The memory is bounded by two generations of
values, so that a flood of paths which nobody will ever use again cannot grow it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Codes = npt.NDArray[np.int32]

PORTS = 65536

GENERATION_VALUES = 1 << 16
GENERATION_CHARACTERS = 1 << 23
"""When this much is remembered, what was not asked for since the last such moment is forgotten."""


class Classes:
    """Classes of one column's values; class 0 is NULL and whatever matches nothing."""

    def __init__(self, evaluate: Callable[[str], Hashable], nothing: Hashable = 0) -> None:
        self._evaluate = evaluate
        self.members: list[Any] = [nothing]
        """What the values of each class match, by class number."""
        self._numbers: dict[Hashable, int] = {nothing: 0}
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self._characters = 0
        self._last: tuple[pa.Array, Codes] | None = None

    def __len__(self) -> int:
        return len(self.members)

    def codes(self, column: pa.Array) -> Codes:
        """Class of each row of a string column (dictionary-encoded or plain)."""
        column = encoded(column)
        rows, table = indices(column), self._table(column.dictionary)
        codes = table.take(rows)
        new = rows[codes < 0]
        if len(new):
            used = np.flatnonzero(table < 0) if len(table) <= len(rows) else np.unique(new)
            table[used] = self._look_up(column.dictionary.take(pa.array(used)))
            codes = table.take(rows)
        return codes

    def _table(self, dictionary: pa.Array) -> Codes:
        """Class of each dictionary entry (-1: not asked for yet), and behind them that of NULL, which index -1 reaches."""
        if self._last is None or not _begins_with(dictionary, self._last[0]):
            table = np.full(len(dictionary) + 1, -1, np.int32)
        elif len(dictionary) == len(self._last[0]):
            return self._last[1]
        else:
            table = np.concatenate(
                (self._last[1][:-1], np.full(len(dictionary) - len(self._last[0]) + 1, -1, np.int32))
            )
        table[-1] = 0
        self._last = dictionary, table
        return table

    def _look_up(self, values: pa.Array) -> Codes:
        texts = _texts(values)
        known = self._young
        found = np.fromiter((known.get(text, -1) for text in texts), np.int32, len(texts))  # type: ignore[arg-type]  # None is in no dictionary
        for i in np.flatnonzero(found < 0).tolist():
            found[i] = self._learn(texts[i])
        return found

    def _learn(self, text: str | None) -> int:
        if text is None:
            return 0
        number = self._young.get(text, self._old.get(text, -1))
        if number < 0:
            number = self._number(self._evaluate(text))
        if text not in self._young:
            self._remember(text, number)
        return number

    def _number(self, member: Hashable) -> int:
        number = self._numbers.setdefault(member, len(self.members))
        if number == len(self.members):
            self.members.append(member)
        return number

    def _remember(self, text: str, number: int) -> None:
        self._young[text] = number
        self._characters += len(text)
        if len(self._young) >= GENERATION_VALUES or self._characters >= GENERATION_CHARACTERS:
            self._old, self._young, self._characters = self._young, {}, 0


class PortClasses:
    """Classes of ports: as ``Classes``, but all of them worked out beforehand."""

    def __init__(self, evaluate: Callable[[int], int], borders: list[int]) -> None:
        """``borders`` are the ports at which the answer of ``evaluate`` may change, the first 0."""
        answers = [evaluate(border) for border in borders]
        self.members: list[Any] = list(dict.fromkeys([0, *answers]))
        numbers = np.array([self.members.index(answer) for answer in answers], np.int32)
        spans = np.searchsorted(borders, np.arange(PORTS), side="right") - 1
        self._table = np.concatenate(([0], numbers[spans], [0])).astype(np.int32)

    def __len__(self) -> int:
        return len(self.members)

    def codes(self, column: pa.Array) -> Codes:
        """Class of each row of an integer column; 0 for NULL and for what is no port."""
        ports = np.frombuffer(column.buffers()[1], column.type.to_pandas_dtype())[column.offset :][: len(column)]
        codes = self._table.take(ports + 1, mode="clip")
        return np.where(valid(column), codes, 0) if column.null_count else codes


class RangeClasses:
    """Classes of numbers, by borders: as ``PortClasses``, for numbers of any size."""

    def __init__(self, evaluate: Callable[[int], int], borders: list[int]) -> None:
        """``borders`` are the numbers at which the answer of ``evaluate`` may change, ascending, the first 0."""
        self.members: list[Any] = [0, *map(evaluate, borders)]
        self._borders = np.array(borders, np.int64)

    def __len__(self) -> int:
        return len(self.members)

    def codes(self, column: pa.Array) -> Codes:
        """Class of each row of an integer column; 0 for NULL and for negative numbers."""
        numbers = column.fill_null(-1).to_numpy(zero_copy_only=False)
        found: Codes = np.searchsorted(self._borders, numbers, side="right").astype(np.int32)
        return found


def encoded(column: pa.Array) -> pa.DictionaryArray:
    """The column as texts, dictionary-encoded."""
    if pa.types.is_dictionary(column.type):
        return column
    distinct = column.dictionary_encode()
    if not pa.types.is_integer(column.type):
        return distinct
    return pa.DictionaryArray.from_arrays(distinct.indices, distinct.dictionary.cast(pa.string()))


def indices(column: pa.DictionaryArray) -> npt.NDArray[Any]:
    """Dictionary index of each row, -1 for NULL."""
    found = column.indices
    raw: npt.NDArray[Any]
    if not found.null_count:
        raw = found.to_numpy()
        return raw
    raw = np.frombuffer(found.buffers()[1], found.type.to_pandas_dtype())[found.offset :][: len(found)]
    return np.where(valid(found), raw, -1)


def valid(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Which rows of a column are not NULL; read from its bitmap, which beats Arrow's kernels on small batches."""
    column = column.indices if pa.types.is_dictionary(column.type) else column
    bitmap = column.buffers()[0]
    if bitmap is None or not column.null_count:
        return np.ones(len(column), np.bool_)
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), count=column.offset + len(column), bitorder="little")
    return bits[column.offset :].view(np.bool_)


def _begins_with(dictionary: pa.Array, start: pa.Array) -> bool:
    """Whether a dictionary is another one or that one grown longer; the same memory needs no comparison."""
    if len(start) > len(dictionary):
        return False
    if dictionary.offset == start.offset and _addresses(dictionary) == _addresses(start):
        return True
    return bool(dictionary.slice(0, len(start)).equals(start))


def _addresses(array: pa.Array) -> list[int | None]:
    return [None if b is None else b.address for b in array.buffers()]


def _texts(values: pa.Array) -> list[str | None]:
    """Values as text; bytes that are no UTF-8 are replaced, so that one odd name cannot stop the pipeline."""
    try:
        return list(values.to_numpy(zero_copy_only=False))
    except (UnicodeDecodeError, pa.ArrowException):
        return [None if b is None else b.decode(errors="replace") for b in values.cast(pa.binary()).to_pylist()]
