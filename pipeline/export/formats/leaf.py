"""The values of an event that are made of columns, written as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.formats import escapes
from pipeline.export.formats.joining import Coded, Fragment, joined
from pipeline.export.formats.repeats import once
from pipeline.export.formats.rows import Rows
from pipeline.export.formats.tree import Node


@dataclass(frozen=True, eq=False)
class Leaf(Node):
    """A value made of columns. ``make`` gives text, numbers or truth values, or ``None`` where no row has one.

    With ``is_json`` the text is JSON already. ``often_new`` says that the value differs in most rows, so that looking
    for repetitions would cost more than it saves.
    """

    columns: tuple[str, ...]
    make: Callable[[Rows], pa.Array | None]
    is_json: bool = False
    often_new: bool = False

    def text(self, rows: Rows, before: str) -> Fragment:
        """The value of each row, quoted where it is text."""
        return self._written(rows, before) if self.often_new else once(self, rows, before, self._written)

    def pieces(self, rows: Rows, before: str) -> list[Fragment]:
        """The value alone between texts that do not change, where each row has its own."""
        if not self.often_new:
            return [self.text(rows, before)]
        quote, values = self._value(rows)
        if values is None:
            return []
        return [_beside(values, before + quote), values, *([_beside(values, quote)] if quote else [])]

    def _written(self, rows: Rows, before: str) -> Fragment:
        quote, values = self._value(rows)
        return None if values is None else joined([before + quote, values, quote])

    def _value(self, rows: Rows) -> tuple[str, pa.Array | None]:
        """What stands on both sides of the value, and the value; ``None`` where no row has one."""
        values = self.make(rows)
        if values is None or values.null_count == len(values):
            return "", None
        if not pa.types.is_string(values.type):
            return "", _number_text(values)
        return ("", values) if self.is_json else ('"', escapes.JSON(values))

    def leaves(self, path: str) -> Iterator[tuple[str, Node]]:
        """Itself."""
        yield path, self


def _beside(values: pa.Array, text: str) -> Fragment:
    """A text that stands beside each value, and nowhere else."""
    if not values.null_count:
        return text
    there = values.is_valid().to_numpy(zero_copy_only=False).astype(np.int64)
    return Coded(there, pa.array([None, text], pa.string()))


def _number_text(values: pa.Array) -> pa.Array:
    """Numbers and truth values as JSON writes them; what is no number (NaN, infinity) is absent."""
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_finite(values), values, pa.scalar(None, values.type))
    return values.cast(pa.string())
