"""Arrow columns from arrays of codes and ids, without a Python step per row.

Each takes an array of numbers and something that is asked once per *distinct* number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Texts = Sequence[str | None]


def dictionary(values: Texts) -> pa.DictionaryArray:
    """Texts as a dictionary array of int32 indices, ``None`` as NULL."""
    return pa.array(values, pa.string()).dictionary_encode()


def constant(text: str, rows: int) -> pa.DictionaryArray:
    """The same text in every row."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text], pa.string()))


def coded(codes: NDArray[np.generic], table: pa.DictionaryArray) -> pa.DictionaryArray:
    """``table[codes]``: ``codes`` are positions in a small table."""
    return table.take(pa.array(codes))


def looked_up(ids: NDArray[np.generic], lookup: Callable[[NDArray[np.generic]], Texts]) -> pa.DictionaryArray:
    """Texts of ids; ``lookup`` is asked once, for the distinct ids."""
    encoded = pa.array(ids).dictionary_encode()
    return dictionary(lookup(encoded.dictionary.to_numpy())).take(encoded.indices)


def masked(values: NDArray[np.generic], present: NDArray[np.bool_], type_: pa.DataType) -> pa.Array:
    """Numbers where ``present``, NULL elsewhere."""
    return pa.array(values, mask=~present).cast(type_)
