"""Texts by number: what is known of processes, files and keys is kept in arrays, and arrays hold numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int64]


class Pool:
    """Distinct texts and their numbers. A NULL is -1."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._texts: list[str] = []

    def __len__(self) -> int:
        return len(self._texts)

    def codes(self, texts: pa.Array) -> Codes:
        """The number of each text; each distinct new one is looked at once."""
        encoded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
        known = np.array([self._number(t) for t in encoded.dictionary.to_pylist()] + [-1], np.int64)
        found: Codes = known[pc.fill_null(encoded.indices, len(known) - 1).to_numpy(zero_copy_only=False)]
        return found

    def texts(self, codes: Codes) -> pa.StringArray:
        """The texts of numbers; NULL for -1."""
        distinct, inverse = np.unique(codes, return_inverse=True)
        found = pa.array([self._texts[c] if c >= 0 else None for c in distinct.tolist()], pa.string())
        return found.take(pa.array(inverse))

    def keep(self, used: Codes) -> Codes:
        """Forget all texts but those; gives the new number of each old one (-1 where it is gone, and for -1 at the end)."""
        kept = np.unique(used[used >= 0])
        moved = np.full(len(self._texts) + 1, -1, np.int64)
        moved[kept] = np.arange(len(kept))
        self._texts = [self._texts[c] for c in kept.tolist()]
        self._numbers = {t: n for n, t in enumerate(self._texts)}
        return moved

    def _number(self, text: str | None) -> int:
        if text is None:
            return -1
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self._texts)
            self._texts.append(text)
        return number
