"""The pieces of events put together: the bytes of all payloads are laid down in their order, none is joined.

Every text that some event holds gets a number, an event becomes the numbers of its pieces, and Arrow takes the texts by
number. What it lays down behind one another are the payloads; only where each of them begins is left to be said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.formats.interface import PAYLOAD
from pipeline.export.formats.joining import Coded, Fragment, constants_together, joined
from pipeline.export.formats.memory import block
from pipeline.export.formats.rows import Codes

Part: TypeAlias = tuple[Codes, Sequence[Fragment]]
"""Places of some rows, and the pieces of their events."""

_Piece: TypeAlias = pa.Array | Coded | str
_Numbers: TypeAlias = npt.NDArray[np.int32]
_Mask: TypeAlias = npt.NDArray[np.bool_]

_AT_ONCE = 16384
"""So many texts are taken at once that they are still near the processor when they are copied to their place."""

_OFTEN, _SHORT = 16, 256
"""A text that on the average repeats so often, and has fewer bytes, takes the constants beside it in."""


def assembled(parts: Iterable[Part], count: int) -> pa.Array:
    """``count`` payloads (``PAYLOAD``), each at its place; NULL where no part has the place, or all its pieces are NULL."""
    known = [(places, _folded(pieces, len(places))) for places, pieces in parts]
    texts = _Texts([piece for _, pieces in known for piece in pieces])
    numbers = np.zeros((count, max((len(pieces) for _, pieces in known), default=0)), np.int32)
    offsets = np.zeros(count + 1, np.int64)
    for places, pieces in known:
        numbers[places], offsets[places + 1] = texts.numbers(pieces, len(places), numbers.shape[1])
    np.cumsum(offsets, out=offsets)
    there = _there(known, count)
    valid = None if there.all() else pa.array(there).buffers()[1]
    return pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), texts.laid_down(numbers, offsets), valid)


def _folded(pieces: Sequence[Fragment], count: int) -> list[_Piece]:
    """Pieces of which constants have become a part of short texts beside them that repeat: each piece costs by the row."""
    made: list[_Piece] = []
    for piece in constants_together(pieces, ""):
        last = made[-1] if made else None
        if isinstance(last, str) and _repeats(piece, count):
            made[-1] = Coded(piece.codes, joined([last, piece.texts]))
        elif isinstance(piece, str) and _repeats(last, count):
            made[-1] = Coded(last.codes, joined([last.texts, piece]))
        else:
            made.append(piece)
    return made


def _repeats(piece: _Piece | None, count: int) -> TypeGuard[Coded]:
    if not isinstance(piece, Coded) or piece.texts.null_count:
        return False
    return len(piece.texts) * _OFTEN < count and piece.texts.nbytes < len(piece.texts) * _SHORT


class _Texts:
    """Every text that occurs, numbered: the empty one first, then constants, then each array once whoever shares it."""

    def __init__(self, pieces: Sequence[_Piece]) -> None:
        constants = list(dict.fromkeys(["", *(piece for piece in pieces if isinstance(piece, str))]))
        arrays = {id(array): array for piece in pieces if (array := _texts(piece)) is not None}
        ends = np.cumsum([len(constants), *map(len, arrays.values())]).tolist()
        self._first: dict[int | str, int] = {text: number for number, text in enumerate(constants)}
        self._first |= dict(zip(arrays, ends, strict=False))
        every = [pa.array(constants, PAYLOAD), *(array.cast(PAYLOAD) for array in arrays.values())]
        self._every = pa.concat_arrays(every)
        self._lengths = pc.binary_length(self._every).fill_null(0).to_numpy()

    def numbers(self, pieces: Sequence[_Piece], count: int, width: int) -> tuple[_Numbers, Codes]:
        """For each row the numbers of its pieces, behind them those of empty texts, and the bytes of all together."""
        made, bytes_ = np.zeros((count, width), np.int32), np.zeros(count, np.int64)
        for at, piece in enumerate(pieces):
            first = self._first[piece if isinstance(piece, str) else id(_texts(piece))]
            if isinstance(piece, Coded):
                np.add(piece.codes, first, out=made[:, at], casting="unsafe")
                bytes_ += self._lengths[first : first + len(piece.texts)][piece.codes]
            elif isinstance(piece, str):
                made[:, at] = first
                bytes_ += self._lengths[first]
            else:
                made[:, at] = np.arange(first, first + count)
                bytes_ += self._lengths[first : first + count]
        return made, bytes_

    def laid_down(self, numbers: _Numbers, offsets: Codes) -> pa.Buffer:
        """The texts of these numbers one behind the other; ``offsets`` says where those of each row begin."""
        data, buffer = block(int(offsets[-1]))
        rows = max(1, _AT_ONCE // max(1, numbers.shape[1]))
        for start in range(0, len(numbers), rows):
            wanted = numbers[start : start + rows]
            some = pc.take(self._every, pa.array(wanted.reshape(-1)), boundscheck=False)
            low, high = offsets[start], offsets[start + len(wanted)]
            data[low:high] = np.frombuffer(some.buffers()[2] or b"", np.uint8, high - low)
        return buffer


def _texts(piece: _Piece) -> pa.Array | None:
    return piece.texts if isinstance(piece, Coded) else None if isinstance(piece, str) else piece


def _there(parts: Sequence[Part], count: int) -> _Mask:
    """Which places have an event."""
    there = np.zeros(count, bool)
    for places, pieces in parts:
        there[places] = True if any(isinstance(piece, str) for piece in pieces) else _any_valid(pieces, len(places))
    return there


def _any_valid(pieces: Sequence[Fragment], count: int) -> _Mask:
    found = np.zeros(count, bool)
    for piece in pieces:
        if isinstance(piece, Coded):
            found |= piece.texts.is_valid().to_numpy(zero_copy_only=False)[piece.codes]
        elif isinstance(piece, pa.Array):
            found |= piece.is_valid().to_numpy(zero_copy_only=False)
    return found
