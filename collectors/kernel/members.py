"""The members of many records, each laid side by side.

A record takes 128 bytes, so reading one member of all records touches the whole batch again,
from memory and not from the cache; decoding reads about forty. Turned once in blocks that fit
the cache, each costs a fifth of it. The turn also puts the rows into order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from collectors.kernel.records import EVENT, STRIDE

_WORD = 8
_FIRST, _LAST = 1, 14
"""Words of a record that are turned: from behind the ring's header to the end of what a file, an exec, a fork or an exit say."""

_BLOCK = 2048


def _places() -> dict[str, tuple[np.dtype[Any], int, int]]:
    """Type of each member, the word that it stands in, and its place there in units of its own size."""
    fields: Any = EVENT.fields
    found = {}
    for name in EVENT.names or ():
        dtype, offset = fields[name][0], fields[name][1]
        if dtype.itemsize <= _WORD and offset < _LAST * _WORD:
            found[name] = (dtype, offset // _WORD - _FIRST, offset % _WORD // dtype.itemsize)
    return found


_PLACES = _places()


class Members:
    """Columns of raw records: ``members[name]`` is one, without a copy, and ``members[row_numbers]`` are some
    records whole, as of a structured array.
    """

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
        return len(self._raw)

    def __getitem__(self, what: str | NDArray[np.intp]) -> NDArray[Any]:
        """One member of all records, or some records; ``KeyError`` for addresses and ports: they are read off whole records."""
        if isinstance(what, str):
            dtype, word, lane = _PLACES[what]
            column: NDArray[Any] = self._words[word].view(dtype)[lane :: _WORD // dtype.itemsize]
            return column
        taken = self._raw[what if self._order is None else self._order[what]]
        whole: NDArray[np.void] = taken.reshape(-1).view(EVENT)
        return whole


Records = NDArray[np.void] | Members
"""What decoding reads: both give a member by name and some records by row numbers."""
