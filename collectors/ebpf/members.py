"""The members of many records, each laid side by side.

A record takes 128 bytes, so reading one member of all records touches the whole batch again,
from memory and not from the cache; decoding reads about forty. Turned once in blocks that fit
the cache, each costs a fifth of it. The turn also puts the rows into order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from collectors.ebpf.records import EVENT, STRIDE

_WORD = 8
_FIRST, _LAST = 1, 14
"""Words of a record that hold a member of at most 8 bytes: all behind the ring's header, up to the end of an exec."""

_BLOCK = 2048


def _places() -> dict[str, tuple[np.dtype[Any], int, int]]:
    """Type of each member, the word that it stands in, and its place there in units of its own size."""
    fields: Any = EVENT.fields
    found = {}
    for name in EVENT.names or ():
        dtype, offset = fields[name][0], fields[name][1]
        if dtype.itemsize <= _WORD:
            found[name] = (dtype, offset // _WORD - _FIRST, offset % _WORD // dtype.itemsize)
    return found


_PLACES = _places()


class Members:
    """Columns of raw records; ``members[name]`` is one, without a copy."""

    def __init__(self, raw: NDArray[np.uint8], order: NDArray[np.intp] | None = None) -> None:
        """``raw`` has shape (n, 128), uint8; ``order`` are the row numbers in the order wanted."""
        self._raw = raw
        self._order = order
        rows = raw.view(np.uint64).reshape(-1, STRIDE // _WORD)
        self._words: NDArray[np.uint64] = np.empty((_LAST - _FIRST, len(raw)), np.uint64)
        for begin in range(0, len(raw), _BLOCK):
            end = begin + _BLOCK
            block = rows[begin:end] if order is None else rows.take(order[begin:end], axis=0)
            self._words[:, begin:end] = block[:, _FIRST:_LAST].T

    def __len__(self) -> int:
        return self._words.shape[1]

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One member of all records; raises ``KeyError`` for addresses, which are longer than a word: see ``rows``."""
        dtype, word, lane = _PLACES[name]
        return self._words[word].view(dtype)[lane :: _WORD // dtype.itemsize]

    def rows(self, at: NDArray[np.intp]) -> NDArray[np.void]:
        """A few records whole, as structured rows."""
        taken = self._raw[at if self._order is None else self._order[at]]
        return taken.reshape(-1).view(EVENT)
