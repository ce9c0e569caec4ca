"""From a table to its payloads: cut into pieces, told apart by kind of event, written, put together in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.formats.assembly import Part, assembled
from pipeline.export.formats.joining import Fragment
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.repeats import distinct
from pipeline.export.formats.rows import Codes, Rows, pieces
from pipeline.export.formats.tree import Node

PIECE = 65536
"""Rows that are looked at together: what repeats among them is written once."""

Write = Callable[[Rows], Sequence[Fragment]]
"""Writes the events of one kind, in pieces."""


def by_tree(events: Mapping[str, Node]) -> dict[str, Write]:
    """Kinds of event that are trees, as JSON."""
    return {name: partial(node.pieces, before="") for name, node in events.items()}


def written(node: Node, rows: Rows) -> pa.Array:
    """The events of rows, one JSON text each (``PAYLOAD``); NULL where nothing of the tree is there."""
    return assembled([(np.arange(len(rows)), node.pieces(rows, ""))], len(rows))


def kind_names(table: str, rows: pa.Table, kind_of: Leaf) -> pa.Array:
    """The kind of each row (``string``)."""
    made = [kind_of.make(piece) for piece in pieces(table, rows, PIECE)]
    return pa.concat_arrays(made) if made else pa.array([], pa.string())


def encode(table: str, rows: pa.Table, kinds: Mapping[str, Write], kind_of: Leaf) -> pa.Array:
    """Payloads of all rows in their order; ``kind_of`` says of which kind each row is.

    NULL where a row is of none, or of a kind that ``kinds`` lacks.
    """
    made = [assembled(_parts(piece, kinds, kind_of), len(piece)) for piece in pieces(table, rows, PIECE)]
    return made[0] if len(made) == 1 else pa.concat_arrays(made)


def _parts(piece: Rows, kinds: Mapping[str, Write], kind_of: Leaf) -> Iterator[Part]:
    """The events of a piece kind by kind, in pieces, and their places."""
    for places, write in _kinds(piece, kinds, kind_of):
        yield from _fitting(piece if len(places) == len(piece) else piece.take(places), places, write)


def _kinds(piece: Rows, kinds: Mapping[str, Write], kind_of: Leaf) -> Iterator[tuple[Codes, Write]]:
    """The places of the rows of each kind in a piece, ascending; rows of no kind have none."""
    names, (codes, few) = list(kinds), distinct(kind_of, piece)
    found = kind_of.make(few)
    if found is None:
        return
    numbers = pc.index_in(found, pa.array(names, pa.string())).fill_null(len(names)).to_numpy()[codes]
    for number in np.unique(numbers):
        if number < len(names):
            yield np.flatnonzero(numbers == number), kinds[names[number]]


def _fitting(rows: Rows, places: Codes, write: Write) -> list[Part]:
    """Their events; in halves where a text of them is more than one array can hold while it is joined (2 GiB)."""
    try:
        return [(places, write(rows))]
    except pa.ArrowCapacityError:
        if len(rows) == 1:
            raise
        middle = len(rows) // 2
        halves = (
            (rows.alone(np.arange(middle)), places[:middle]),
            (rows.alone(np.arange(middle, len(rows))), places[middle:]),
        )
        return [part for half, where in halves for part in _fitting(half, where, write)]
