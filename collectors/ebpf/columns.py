"""Arrow columns from arrays of codes and ids, without a Python step per row.

Each takes an array of numbers and something that is asked once per *distinct* number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Texts = Sequence[str | None]
Codes = NDArray[np.int32]

_DENSE = 1 << 18
"""Numbers up to here (and up to four times the rows) are told apart by a table of their own, without hashing."""


class Distinct:
    """The distinct numbers of an array, and for each row the place of its number among them."""

    def __init__(self, numbers: NDArray[np.generic]) -> None:
        """``numbers`` are integers; those of a small range cost 2 ns per row, others about 10."""
        self.values: NDArray[np.generic]
        self.codes: Codes
        top = int(numbers.max()) if len(numbers) else 0  # type: ignore[call-overload]  # an integer array's maximum
        if top < max(_DENSE, 4 * len(numbers)) and (numbers.dtype.kind == "u" or not len(numbers) or numbers.min() >= 0):
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
        small = dictionary(texts)
        codes = small.indices.to_numpy(zero_copy_only=False) if not small.null_count else _with_nulls(small)
        return taken(small.dictionary, codes.astype(np.int32, copy=False).take(self.codes), nulls=small.null_count > 0)


def _with_nulls(array: pa.DictionaryArray) -> Codes:
    """Indices, -1 for NULL."""
    codes: Codes = array.indices.fill_null(-1).to_numpy()
    return codes


def taken(values: pa.Array, codes: Codes, *, nulls: bool = True) -> pa.DictionaryArray:
    """``values[codes]`` as a dictionary array; with ``nulls`` a code below 0 is NULL."""
    absent = codes < 0 if nulls else None
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=absent), values, safe=False)


def dictionary(values: Texts) -> pa.DictionaryArray:
    """Texts as a dictionary array of int32 indices, ``None`` as NULL."""
    return pa.array(values, pa.string()).dictionary_encode()


def constant(text: str, rows: int) -> pa.DictionaryArray:
    """The same text in every row."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text], pa.string()), safe=False)


def coded(codes: NDArray[np.generic], table: pa.DictionaryArray) -> pa.DictionaryArray:
    """``table[codes]``: ``codes`` are positions in a small table."""
    places = _with_nulls(table)
    return taken(table.dictionary, places.take(codes), nulls=table.null_count > 0)


def looked_up(ids: NDArray[np.generic], lookup: Callable[[NDArray[np.generic]], Texts]) -> pa.DictionaryArray:
    """Texts of ids; ``lookup`` is asked once, for the distinct ids."""
    distinct = Distinct(ids)
    return distinct.column(lookup(distinct.values))


def masked(values: NDArray[np.generic], present: NDArray[np.bool_], type_: pa.DataType) -> pa.Array:
    """Numbers where ``present``, NULL elsewhere."""
    return pa.array(values, type_, mask=None if present.all() else ~present)


def scattered(rows: NDArray[np.intp], column: pa.Array, length: int) -> pa.Array:
    """``column[i]`` in row ``rows[i]`` of ``length`` rows, NULL in all others."""
    place = np.full(length, -1, np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    return column.take(pa.array(place, mask=place < 0))
