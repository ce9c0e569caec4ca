"""What repeats is written once: columns that take few values together, in the rows of one kind or of a whole piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pyarrow as pa

from pipeline.export.formats.joining import Coded, Fragment
from pipeline.export.formats.rows import Codes, Rows

Writer = Callable[[Rows, str], Fragment]
"""Writes the text of some rows behind a text that stands before it."""

_FEW = 256
"""So few rows are written as they are: to find repetitions among them costs more than it saves."""


class Columned(Protocol):
    """Something that is made of columns."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, each once."""


def once(node: Columned, rows: Rows, before: str, write: Writer) -> Fragment:
    """What a node writes, written once for each combination of its columns, unless most rows have their own."""
    found = None if len(rows) < _FEW else _combinations(node, rows)
    return write(rows, before) if found is None else _handed_out(found[0], write(found[1], before))


def once_in_piece(node: Columned, rows: Rows, before: str, write: Writer) -> Fragment:
    """The same over the whole piece that the rows are from, so that the next kind of event finds it written."""
    piece = rows.piece
    if (node, before) not in piece.made:
        found = _combinations(node, piece)
        piece.made[node, before] = None if found is None else (found[0], write(found[1], before))
    made = piece.made[node, before]
    if made is None:
        return write(rows, before)
    codes, text = made
    return _handed_out(codes if rows.positions is None else codes[rows.positions], text)


def _combinations(node: Columned, rows: Rows) -> tuple[Codes, Rows] | None:
    codes, few = distinct(node, rows)
    return None if len(few) * 2 > len(rows) else (codes, few)


def distinct(node: Columned, rows: Rows) -> tuple[Codes, Rows]:
    """For each row the number of its combination of the node's columns, and one row for each."""
    present = [c for c in node.columns if rows.column(c) is not None]
    return rows.distinct(present) if present else (np.zeros(len(rows), np.int64), rows.take(np.zeros(1, np.int64)))


def _handed_out(codes: Codes, text: Fragment) -> Fragment:
    if isinstance(text, Coded):
        codes, text = text.codes[codes], text.texts
    if isinstance(text, pa.Array):
        return text[0].as_py() if len(text) == 1 else Coded(codes, text)
    return text
