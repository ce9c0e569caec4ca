"""From a table to its payloads: cut into pieces, told apart by kind of event, written, put back in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.formats.interface import PAYLOAD
from pipeline.export.formats.rows import Codes, Rows, pieces
from pipeline.export.formats.tree import Leaf, Node, written

PIECE = 131072
"""Rows that are looked at together: what repeats among them is written once."""

SLICE = 16384
"""Rows of which the events are put together at once, small enough for their text to stay near the processor."""

_RUN = 3
"""From this mean length on, runs of payloads are copied one by one."""

Write = Callable[[Rows], pa.Array]
"""Writes the events of one kind, one text per row."""


def by_tree(events: Mapping[str, Node]) -> dict[str, Write]:
    """Kinds of event that are trees, as JSON."""
    return {name: partial(written, node) for name, node in events.items()}


def kind_names(table: str, rows: pa.Table, kind_of: Leaf) -> pa.Array:
    """The kind of each row (``string``)."""
    made = [kind_of.make(piece) for piece in pieces(table, rows, PIECE)]
    return pa.concat_arrays(made) if made else pa.array([], pa.string())


def encode(table: str, rows: pa.Table, kinds: Mapping[str, Write], kind_of: Leaf) -> pa.Array:
    """Payloads of all rows in their order; ``kind_of`` says of which kind each row is.

    NULL where a row is of none, or of a kind that ``kinds`` lacks.
    """
    return _one([_in_order(list(_parts(piece, kinds, kind_of))) for piece in pieces(table, rows, PIECE)])


def _parts(piece: Rows, kinds: Mapping[str, Write], kind_of: Leaf) -> Iterator[tuple[pa.Array, Codes]]:
    """Payloads of a piece kind by kind, and their places in the piece."""
    for positions, write in _kinds(piece, kinds, kind_of):
        of_kind = piece if len(positions) == len(piece) else piece.take(positions)
        for start in range(0, len(positions), SLICE):
            places = positions[start : start + SLICE]
            some = of_kind if len(places) == len(of_kind) else of_kind.slice(start, start + len(places))
            for payloads in _fitting(some, write):
                yield payloads, places[: len(payloads)]
                places = places[len(payloads) :]


def _kinds(piece: Rows, kinds: Mapping[str, Write], kind_of: Leaf) -> Iterator[tuple[Codes, Write]]:
    """The positions of the rows of each kind in a piece, ascending."""
    names, found = list(kinds), kind_of.make(piece)
    if found is None:
        found = pa.nulls(len(piece), pa.string())
    numbers = pc.index_in(found, pa.array(names, pa.string())).fill_null(len(names)).to_numpy()
    for number in np.unique(numbers):
        yield np.flatnonzero(numbers == number), kinds[names[number]] if number < len(names) else _nothing


def _in_order(parts: list[tuple[pa.Array, Codes]]) -> pa.Array:
    """Payloads by their places."""
    order = np.concatenate([places for _, places in parts])
    if (order[1:] > order[:-1]).all():
        return _one([payloads for payloads, _ in parts])
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    ends = np.cumsum([len(places) for _, places in parts])
    new = np.concatenate([[True], back[1:] != back[:-1] + 1])
    new |= np.isin(back, ends[:-1])
    starts = np.flatnonzero(new)
    arrays = [payloads for payloads, _ in parts]
    if len(starts) * _RUN > len(order) or any(array.null_count for array in arrays):
        return pa.concat_arrays(arrays).take(pa.array(back))
    return _by_runs(arrays, ends, back, starts)


def _by_runs(arrays: list[pa.Array], ends: Codes, back: Codes, starts: Codes) -> pa.Array:
    """Payloads that follow one another in one array, run by run: one copy of the text instead of two.

    The memory is numpy's, since it asks the kernel for large pages: to map a hundred megabytes in small ones costs as
    much as the copy.
    """
    texts = [_bytes(array) for array in arrays]
    lengths = np.concatenate([np.diff(bounds) for bounds, _ in texts])[back]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    data = np.empty(offsets[-1], np.uint8)
    whose = np.searchsorted(ends, back[starts], side="right")
    within = back[starts] - np.concatenate([[0], ends])[whose]
    to = [*offsets[starts].tolist(), int(offsets[-1])]
    for number, place, low, high in zip(whose.tolist(), within.tolist(), to, to[1:], strict=False):
        bounds, text = texts[number]
        begin = int(bounds[place])
        data[low:high] = text[begin : begin + high - low]
    return pa.LargeStringArray.from_buffers(len(back), pa.py_buffer(offsets), pa.py_buffer(data))


def _bytes(array: pa.Array) -> tuple[Codes, npt.NDArray[np.uint8]]:
    """Where the texts of an array begin and end in its bytes."""
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return bounds, np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)


def _fitting(rows: Rows, write: Write) -> list[pa.Array]:
    """The payloads; in halves where their text is more than one array can hold while it is put together (2 GiB)."""
    try:
        return [write(rows).cast(PAYLOAD)]
    except pa.ArrowCapacityError:
        if len(rows) == 1:
            raise
        middle = len(rows) // 2
        halves = (rows.alone(np.arange(middle)), rows.alone(np.arange(middle, len(rows))))
        return [array for half in halves for array in _fitting(half, write)]


def _one(arrays: list[pa.Array]) -> pa.Array:
    """Arrays as one; a single one is not copied."""
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)


def _nothing(rows: Rows) -> pa.Array:
    return pa.nulls(len(rows), PAYLOAD)
