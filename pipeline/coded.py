"""Text columns as numbers into a dictionary, with nothing wild under their NULLs.

Arrow says that what stands under a NULL means nothing, and yet reads it: where it brings dictionaries together it
translates every number, those of NULLs as well, without looking whether they are in range. A -1 becomes whatever lies
before the table of translations, and that number, translated once more, is an address outside of the process.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def coded(codes: npt.NDArray[Any], texts: pa.Array) -> pa.DictionaryArray:
    """``texts[codes]`` (``dictionary<int32, string>``), NULL where a code is negative. Codes have to be below ``len(texts)``."""
    absent = codes < 0
    if absent.any():
        numbers = pa.array(np.maximum(codes, 0).astype(np.int32, copy=False), mask=absent)
    else:
        numbers = pa.array(codes.astype(np.int32, copy=False))
    return pa.DictionaryArray.from_arrays(numbers, texts, safe=False)


def sound(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same column, its numbers in range also under NULLs. Raises ``IndexError`` where one that counts is not."""
    numbers = column.indices
    if not len(numbers):
        return column
    raw = np.frombuffer(numbers.buffers()[1], numbers.type.to_pandas_dtype())[numbers.offset :][: len(numbers)]
    if raw.min() >= 0 and raw.max() < max(1, len(column.dictionary)):
        return column
    valid = numbers.is_valid().to_numpy(zero_copy_only=False)
    if not ((raw[valid] >= 0) & (raw[valid] < len(column.dictionary))).all():
        raise IndexError(f"a number of a text column is not below {len(column.dictionary)}, the texts that there are")
    return coded(np.where(valid, raw, -1), column.dictionary)
