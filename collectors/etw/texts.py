"""Texts of many records at once: from places in bytes to Arrow strings, without a Python string per record.

All texts of a column are laid behind each other, each with its NUL, decoded in one go, and cut at the NULs again.
What is no valid UTF-16 or UTF-8 becomes U+FFFD.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.etw.records import Bytes, Places


@dataclass(frozen=True)
class Span:
    """Where a field of variable length stands in each record: ``start`` and ``length`` in bytes, without its NUL."""

    kind: str
    start: Places
    length: Places

    def __len__(self) -> int:
        return len(self.start)

    def at(self, rows: npt.NDArray[np.bool_] | Places) -> Span:
        """The same field of some of the records."""
        return Span(self.kind, self.start[rows], self.length[rows])


def strings(data: Bytes, span: Span) -> pa.StringArray:
    """One string per record; an empty one where the field is empty."""
    if span.kind in ("wstr", "wbin"):
        return _cut(_laid(data, span.start, span.length & ~1, 2), "utf-16-le", len(span))
    return _cut(_laid(data, span.start, span.length, 1), "utf-8", len(span))


def binaries(data: Bytes, span: Span) -> pa.BinaryArray:
    """One value of raw bytes per record."""
    laid = data[_indices(span.start, span.length)]
    offsets = np.zeros(len(span) + 1, np.int32)
    np.cumsum(span.length, out=offsets[1:])
    return pa.BinaryArray.from_buffers(pa.binary(), len(span), [None, pa.py_buffer(offsets), pa.py_buffer(laid)])


def _indices(start: Places, length: Places) -> Places:
    """Index of each byte of each span, one behind the other."""
    before = np.cumsum(length) - length
    made: Places = np.arange(int(length.sum()), dtype=np.int64) + np.repeat(start - before, length)
    return made


def _laid(data: Bytes, start: Places, length: Places, width: int) -> Bytes:
    """The spans one behind the other, each followed by a NUL of ``width`` bytes; NULs within become U+FFFD or ``?``."""
    laid = np.zeros(int(length.sum()) + width * len(start), np.uint8)
    found = data[_indices(start, length)]
    if width == 2:
        units = found.view("<u2")
        units[units == 0] = 0xFFFD
    else:
        found[found == 0] = ord("?")
    before = np.cumsum(length) - length
    shifted = before + width * np.arange(len(start), dtype=np.int64)
    laid[_indices(shifted, length)] = found
    return laid


def _cut(laid: Bytes, encoding: str, count: int) -> pa.StringArray:
    text = np.frombuffer(laid.tobytes().decode(encoding, "replace").encode(), np.uint8)
    ends = np.flatnonzero(text == 0)
    if len(ends) != count:
        raise AssertionError("a NUL was lost in decoding")  # each decoder replaces units, never one that is a NUL
    offsets = np.zeros(count + 1, np.int32)
    offsets[1:] = ends - np.arange(count)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text[text != 0].tobytes()))


def sid_texts(values: pa.BinaryArray) -> pa.StringArray:
    """SIDs as text (``S-1-5-18``), NULL for what is none; each distinct one is written once."""
    encoded = values.dictionary_encode()
    texts = pa.array([_sid(raw) for raw in encoded.dictionary.to_pylist()], pa.string())
    return texts.take(encoded.indices)


def _sid(raw: bytes) -> str | None:
    """[MS-DTYP] 2.4.2.2: revision, count, 6 bytes of authority (big endian), then 32 bits each."""
    if len(raw) < 8 or raw[0] != 1 or len(raw) < 8 + 4 * raw[1]:
        return None
    parts = np.frombuffer(raw, "<u4", raw[1], 8).tolist()
    return "-".join(map(str, ("S", raw[0], int.from_bytes(raw[2:8], "big"), *parts)))
