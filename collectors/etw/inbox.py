"""What the runtime's callback leaves behind: bytes of each record, until the collector takes them all at once.

The callback runs in the thread that drains a session; while it works, the session's buffers fill, and what finds no room
in them is lost. So it copies and returns. What is copied is bounded; beyond that records are dropped here and counted, which
is better than memory that grows until the machine stands still.
"""

from __future__ import annotations

import struct
from ctypes import string_at
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from collectors.etw.records import DELIVERED, EXT_START_KEY, RECORD, Bytes, delivered

MOST_RECORDS, MOST_BYTES = 400_000, 256 << 20
"""What waits at most, per session: some seconds of a busy machine."""

_TAIL = struct.Struct("<HHQQ")  # of EVENT_RECORD, from offset 84: number of extensions, length, and where both lie
_TAIL_AT, _SIZE = 84, DELIVERED.itemsize
_EXTENSION = struct.Struct("<2xH2xHQ")  # EVENT_HEADER_EXTENDED_DATA_ITEM: type, size, place
_NO_KEY = bytes(8)


@dataclass(frozen=True)
class Taken:
    """Records in the order in which they came, and the bytes that their payloads lie in."""

    data: Bytes
    records: npt.NDArray[np.void]

    def __len__(self) -> int:
        return len(self.records)


NOTHING = Taken(np.zeros(0, np.uint8), np.zeros(0, RECORD))


class Inbox:
    """Filled by one thread, emptied by another; both only append to and cut off lists, which each is one step for Python."""

    def __init__(self, most_records: int = MOST_RECORDS, most_bytes: int = MOST_BYTES) -> None:
        self._most_records, self._most_bytes = most_records, most_bytes
        self._heads: list[bytes] = []
        self._payloads: list[bytes] = []
        self._keys: list[bytes] = []
        self._came = self._gone = 0
        self.dropped = 0
        """Records that found no room here, since the beginning."""
        self._peak = 0

    def __len__(self) -> int:
        return len(self._keys)

    def put(self, event: tuple[int, Any]) -> None:
        """Take one event, as pywintrace's raw mode hands it over: ``event`` is (0, pointer to ``EVENT_RECORD``), valid during the call."""
        head = string_at(event[1], _SIZE)
        extensions, length, extended, data = _TAIL.unpack_from(head, _TAIL_AT)
        if len(self._keys) >= self._most_records or self._came - self._gone + length > self._most_bytes:
            self.dropped += 1
            return
        self._came += length
        self._heads.append(head)
        self._payloads.append(string_at(data, length) if length else b"")
        self._keys.append(_start_key(extended, extensions) if extensions else _NO_KEY)  # last: it is what is counted

    def take(self) -> Taken:
        """All that came; the callback goes on meanwhile."""
        count = len(self._keys)
        if not count:
            return NOTHING
        self._peak = max(self._peak, count)
        heads, payloads, keys = (lane[:count] for lane in (self._heads, self._payloads, self._keys))
        for lane in (self._keys, self._heads, self._payloads):
            del lane[:count]
        data = np.frombuffer(b"".join(payloads), np.uint8)
        self._gone += len(data)
        records = delivered(np.frombuffer(b"".join(heads), DELIVERED), np.frombuffer(b"".join(keys), np.uint64))
        return Taken(data, records)

    def take_fill(self) -> float:
        """How full it was at most since the last call, as a share of its records."""
        peak, self._peak = max(self._peak, len(self._keys)), 0
        return peak / self._most_records


def _start_key(place: int, count: int) -> bytes:
    """The start key of the process among a record's extensions; zeros where there is none."""
    for type_, size, at in _EXTENSION.iter_unpack(string_at(place, 16 * count)):
        if type_ == EXT_START_KEY and size == 8:
            return string_at(at, 8)
    return _NO_KEY


def together(parts: list[Taken]) -> Taken:
    """Records of several sessions in order of time; those of one moment in the order of the parts."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return NOTHING
    offsets = np.cumsum([0, *(len(part.data) for part in parts)])
    moved = []
    for part, offset in zip(parts, offsets, strict=False):
        records = part.records.copy()
        records["start"] += offset
        records["end"] += offset
        moved.append(records)
    records = np.concatenate(moved)
    return Taken(np.concatenate([part.data for part in parts]), records[np.argsort(records["time"], kind="stable")])


def parted(taken: Taken, until: int) -> tuple[Taken, Taken]:
    """Records up to a moment (FILETIME), and those after it; both in the same bytes."""
    first = int(np.searchsorted(taken.records["time"], until, side="right"))
    return Taken(taken.data, taken.records[:first]), compact(Taken(taken.data, taken.records[first:]))


def compact(taken: Taken) -> Taken:
    """The same records in bytes of their own, so that the others' can go."""
    records = taken.records
    if not len(records):
        return NOTHING
    first, last = int(records["start"].min()), int(records["end"].max())
    moved = records.copy()
    moved["start"] -= first
    moved["end"] -= first
    return Taken(taken.data[first:last].copy(), moved)
