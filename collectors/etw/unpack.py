"""Payloads of one layout unpacked together: a column per field, and which records were as long as the layout needs.

A cursor stands in each record; a run of fixed fields is one gather of bytes seen as structures, a text is a search
for the next NUL among all NULs of the chunk. Bytes behind the last field are left alone: newer systems append fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from collectors.etw.layouts import Fixed, Step, Variable
from collectors.etw.records import Bytes, Places, taken
from collectors.etw.texts import Span


class Chunk:
    """Bytes that records lie in, and where their NULs are (found once, when first asked)."""

    def __init__(self, data: Bytes) -> None:
        self.data = data

    @cached_property
    def _wide(self) -> tuple[Places, Places]:
        """Places of two zero bytes that a UTF-16 text from an even, or from an odd, offset ends at."""
        even = self.data[: len(self.data) & ~1].view("<u2")
        odd = self.data[1:][: (len(self.data) - 1) & ~1 if len(self.data) else 0].view("<u2")
        return np.flatnonzero(even == 0) * 2, np.flatnonzero(odd == 0) * 2 + 1

    @cached_property
    def _narrow(self) -> Places:
        return np.flatnonzero(self.data == 0)

    def wide_end(self, start: Places) -> Places:
        """For each start of a UTF-16 text the place of its NUL; the end of all bytes where none comes."""
        ends = np.empty(len(start), np.int64)
        for parity, known in enumerate(self._wide):
            mine = start & 1 == parity
            ends[mine] = _next(known, start[mine], len(self.data))
        return ends

    def narrow_end(self, start: Places) -> Places:
        """The same for a text of single bytes."""
        return _next(self._narrow, start, len(self.data))


def _next(known: Places, start: Places, beyond: int) -> Places:
    if not len(known):
        return np.full(len(start), beyond)
    found = np.searchsorted(known, start)
    return np.where(found < len(known), known[np.minimum(found, len(known) - 1)], beyond)


@dataclass
class Unpacked:
    """Columns of the records; what is not ``good`` was cut short, and its values mean nothing."""

    good: npt.NDArray[np.bool_]
    rest: Places
    """Bytes behind the last field."""
    numbers: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)

    def at(self, rows: npt.NDArray[np.bool_]) -> Unpacked:
        """Some of the records."""
        numbers = {name: values[rows] for name, values in self.numbers.items()}
        return Unpacked(
            self.good[rows], self.rest[rows], numbers, {name: span.at(rows) for name, span in self.spans.items()}
        )


def unpack(chunk: Chunk, steps: tuple[Step, ...], start: Places, end: Places, pointer: int) -> Unpacked:
    """Unpack the payloads from ``start`` to ``end``."""
    made = Unpacked(np.ones(len(start), np.bool_), np.zeros(len(start), np.int64))
    at = start.astype(np.int64, copy=True)
    for step in steps:
        at = (
            _fixed(chunk, step, made, at, end)
            if isinstance(step, Fixed)
            else _variable(chunk, step, made, at, end, pointer)
        )
    made.rest = end - at
    return made


def _fixed(chunk: Chunk, step: Fixed, made: Unpacked, at: Places, end: Places) -> Places:
    size = step.dtype.itemsize
    made.good &= at + size <= end
    if len(chunk.data) < size:
        for name in step.dtype.names or ():
            made.numbers[name] = np.zeros(len(at), step.dtype[name])
        return end
    rows = taken(chunk.data, np.minimum(at, len(chunk.data) - size), step.dtype)
    for name in step.dtype.names or ():
        made.numbers[name] = rows[name]
    return np.minimum(at + size, end)


def _variable(chunk: Chunk, step: Variable, made: Unpacked, at: Places, end: Places, pointer: int) -> Places:
    if step.kind in ("wstr", "astr"):
        width = 2 if step.kind == "wstr" else 1
        stop = np.minimum(chunk.wide_end(at) if width == 2 else chunk.narrow_end(at), end)
        # Windows leaves out the NUL of a last field at times; but a field has to begin within the record.
        made.good &= at < end if width == 1 else at + 1 < end
        made.spans[step.name] = Span(step.kind, at, np.maximum(stop - at, 0))
        following: Places = np.minimum(stop + width, end)
        return following
    if step.kind in ("bin", "wbin"):
        length = made.numbers[step.length].astype(np.int64)
        made.good &= at + length <= end
        length = np.minimum(length, end - at)
        made.spans[step.name] = Span(step.kind, at, length)
        behind: Places = at + length
        return behind
    return _sid(chunk, step, made, at, end, pointer)


def _sid(chunk: Chunk, step: Variable, made: Unpacked, at: Places, end: Places, pointer: int) -> Places:
    """A SID; as ``token`` behind two pointers. Where there is none, four zero bytes stand alone.

    Drivers that write such records by themselves leave the pointers zero and add a SID all the same, so a zero pointer
    alone does not say that there is none: what stands behind the two pointers is looked at.
    """
    absent = np.zeros(len(at), np.bool_)
    if step.kind == "token":
        made.good &= at + 4 <= end
        head = _bytes(chunk, at, 2 * pointer + 7)
        sid = (head[:, -7] == 1) & (head[:, -6] - 1 < 15) & ~head[:, -5:].any(axis=1)
        absent = ~head[:, :4].any(axis=1) & ~(sid & (at + 2 * pointer + 8 <= end))
        at = np.minimum(at + np.where(absent, 4, 2 * pointer), end)
    count = _bytes(chunk, at, 2)[:, 1].astype(np.int64)
    length = np.where(absent, 0, 8 + 4 * count)
    made.good &= at + length <= end
    length = np.minimum(length, end - at)
    made.spans[step.name] = Span("sid", at, length)
    behind: Places = at + length
    return behind


def _bytes(chunk: Chunk, at: Places, size: int) -> Bytes:
    """``size`` bytes at each place; those behind the end of all count as 0."""
    index = at[:, None] + np.arange(size)
    inside = index < len(chunk.data)
    found = chunk.data[np.where(inside, index, 0)] if len(chunk.data) else np.zeros(index.shape, np.uint8)
    return np.where(inside, found, 0).astype(np.uint8)
