"""Arrow columns from arrays of codes and ids, without a Python step per row.

Each takes an array of numbers and something that is asked once per *distinct* number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.coded import coded

Texts = Sequence[str | None]
Codes = NDArray[np.int32]
Numbers = NDArray[np.integer[Any]]

_DENSE = 1 << 18
"""Numbers up to here (and up to four times the rows) are told apart by a table of their own, without hashing."""

_NULL, _UNSEEN = -1, -2
_MOST_PLACES = 1 << 23


class Distinct:
    """The distinct numbers of an array, and for each row the place of its number among them."""

    def __init__(self, numbers: Numbers) -> None:
        """``numbers`` are integers; those of a small range cost 2 ns per row, others about 10."""
        self.values: Numbers
        self.codes: Codes
        top = int(numbers.max()) if len(numbers) else 0
        if top < max(_DENSE, 4 * len(numbers)) and (
            numbers.dtype.kind == "u" or not len(numbers) or numbers.min() >= 0
        ):
            there = np.zeros(top + 1, np.bool_)
            there[numbers] = True
            found = np.flatnonzero(there)
            place = np.empty(top + 1, np.int32)
            place[found] = np.arange(len(found), dtype=np.int32)
            self.values, self.codes = found.astype(numbers.dtype), place.take(numbers)
        else:
            encoded = pa.array(numbers).dictionary_encode()
            self.values, self.codes = encoded.dictionary.to_numpy(), encoded.indices.to_numpy()

    def column(self, texts: Texts) -> pa.DictionaryArray:
        """``texts[i]`` in the rows that have ``values[i]``; ``None`` as NULL."""
        return Table(texts).take(self.codes)


class Table:
    """Texts by position."""

    def __init__(self, texts: Texts) -> None:
        """``texts`` may repeat themselves; ``None`` stands for NULL."""
        places: dict[str, int] = {}
        found = [-1 if t is None else places.setdefault(t, len(places)) for t in texts]
        self.places = np.array(found, np.int32)
        self.texts = pa.array(list(places), pa.string())

    def take(self, codes: Numbers) -> pa.DictionaryArray:
        """``texts[codes]``, row by row."""
        return coded(self.places.take(codes), self.texts)


class Vocabulary:
    """Texts of numbers that come again and again: one growing dictionary that many batches share.

    Whoever works per distinct text (the judge) knows such a dictionary again and pays for its new entries
    only. It is bounded: when it is full, the next batch begins a new one.
    """

    def __init__(self, lookup: Callable[[NDArray[np.uint32]], Texts], most: int = 1 << 13) -> None:
        """``lookup`` is asked once for each number that has a text, and for one without in each batch; 0 has none."""
        self._lookup = lookup
        self._most = most
        self.restart(0)

    def restart(self, base: int) -> None:
        """Begin a new dictionary; numbers up to ``base`` will not come again."""
        self._base = np.uint32(base)
        self._places = np.full(1 << 12, _UNSEEN, np.int32)
        self._places[[0, -1]] = _NULL
        self._texts = pa.array([], pa.string())

    def column(self, numbers: NDArray[np.uint32]) -> pa.DictionaryArray:
        """The text of each number; NULL where there is none."""
        top = int(numbers.max()) if len(numbers) else 0
        if top - int(self._base) >= _MOST_PLACES:
            distinct = Distinct(numbers)
            return distinct.column(self._lookup(distinct.values.astype(np.uint32)))
        self._make_room(top)
        codes = self._codes(numbers)
        new = codes == _UNSEEN
        if new.any():
            self._learn(np.unique(numbers[new]), numbers)
            codes = self._codes(numbers)
        return coded(codes, self._texts)

    def _codes(self, numbers: NDArray[np.uint32]) -> Codes:
        # Numbers below the base become very large ones here: all of them end at the last place, which is NULL.
        codes: Codes = self._places.take(np.minimum(numbers - self._base, np.uint32(len(self._places) - 1)))
        return codes

    def _make_room(self, top: int) -> None:
        wanted = top - int(self._base) + 2
        if wanted > len(self._places):
            more = np.full(2 * wanted - len(self._places), _UNSEEN, np.int32)
            self._places[-1], more[-1] = _UNSEEN, _NULL
            self._places = np.concatenate([self._places, more])

    def _learn(self, new: NDArray[np.uint32], batch: NDArray[np.uint32]) -> None:
        if len(self._texts) + len(new) > self._most and len(self._texts):
            self.restart(int(self._base))
            self._make_room(int(batch.max()))
            new = np.unique(batch[batch > self._base])
        found = Table(self._lookup(new))
        places = found.places.copy()
        places[places >= 0] += len(self._texts)
        self._places[new - self._base] = np.where(places < 0, _UNSEEN, places)  # a text may still be under way
        self._texts = pa.concat_arrays([self._texts, found.texts])


_ZEROS = pa.array(np.zeros(1 << 16, np.int32))


@lru_cache(maxsize=64)
def _single(text: str) -> pa.Array:
    return pa.array([text], pa.string())


def constant(text: str, rows: int) -> pa.DictionaryArray:
    """The same text in every row."""
    zeros = _ZEROS.slice(0, rows) if rows <= len(_ZEROS) else pa.array(np.zeros(rows, np.int32))
    return pa.DictionaryArray.from_arrays(zeros, _single(text), safe=False)


def looked_up(ids: Numbers, lookup: Callable[[Numbers], Texts]) -> pa.DictionaryArray:
    """Texts of ids; ``lookup`` is asked once, for the distinct ids."""
    distinct = Distinct(ids)
    return distinct.column(lookup(distinct.values))


def masked(values: Numbers, present: NDArray[np.bool_], type_: pa.DataType) -> pa.Array:
    """Numbers where ``present``, NULL elsewhere."""
    return pa.array(values, type_, mask=None if present.all() else ~present)


def scattered(rows: NDArray[np.intp], columns: Mapping[str, pa.Array], length: int) -> dict[str, pa.Array]:
    """Columns whose entry ``i`` belongs to row ``rows[i]`` of ``length``; NULL in all other rows."""
    if len(rows) == length:
        return dict(columns)
    place = np.full(length, -1, np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    indices = pa.array(place, mask=place < 0)
    return {name: column.take(indices) for name, column in columns.items()}
