"""Where the records of a trace buffer lie, and what their headers say: a buffer of bytes becomes one array of records.

A buffer holds records behind each other, each beginning at a multiple of eight. Which of those places begin a record is
found by pointer jumping: every place knows the place behind it, were it a record; in k steps of array operations the
marks reach 2^k records. So no Python runs per record, however small they are.

Headers: ``EVENT_HEADER`` (evntcons.h), ``EVENT_TRACE_HEADER`` (evntrace.h), and the kernel's own short ones
(``SYSTEM_TRACE_HEADER``, ``PERFINFO_TRACE_HEADER``; ntwmi.h). The third byte tells which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from collectors.etw.guids import KERNEL_GROUPS

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

RECORD = np.dtype([
    ("start", "i8"), ("end", "i8"),  # payload, as offsets into the chunk of bytes
    ("at", "i8"),  # the record itself, as an offset into its file
    ("time", "i8"),  # as in the header: in units of the trace's clock
    ("guid", "u8", (2,)), ("id", "i4"), ("version", "u1"), ("classic", "u1"), ("pointer", "u1"), ("kind", "u1"),
    ("pid", "i8"), ("tid", "i8"), ("start_key", "u8"),
])  # fmt: skip
"""One record. ``id`` is the opcode of a ``classic`` event; ``pid`` and ``tid`` are -1 where a header has none."""

NO_ID = 0xFFFFFFFF
_PLAIN, EVENT, _SYSTEM, _PERF, FULL = range(5)
_KIND = np.zeros(256, np.uint8)
_HEAD = np.full(256, 8, np.int64)
_SIZE_AT = np.zeros(256, np.int64)
for _types, _kind, _head, _at in (
    ((0x12, 0x13), EVENT, 80, 0), ((0x01, 0x02), _SYSTEM, 32, 4), ((0x03, 0x04), _SYSTEM, 24, 4),
    ((0x10, 0x11), _PERF, 16, 4), ((0x0A, 0x14), FULL, 48, 0),
):  # fmt: skip
    for _type in _types:
        _KIND[_type], _HEAD[_type], _SIZE_AT[_type] = _kind, _head, _at
_POINTER_4 = (0x01, 0x03, 0x0A, 0x10, 0x12)

_EVENT_HEADER = np.dtype([
    ("size", "<u2"), ("type", "u1"), ("marker", "u1"), ("flags", "<u2"), ("property", "<u2"), ("tid", "<u4"), ("pid", "<u4"),
    ("time", "<i8"), ("guid", "<u8", (2,)), ("id", "<u2"), ("version", "u1"), ("channel", "u1"), ("level", "u1"),
    ("opcode", "u1"), ("task", "<u2"), ("keyword", "<u8"), ("cpu_time", "<u8"), ("activity", "<u8", (2,)),
])  # fmt: skip
_SYSTEM_HEADER = np.dtype([
    ("version", "<u2"), ("type", "u1"), ("marker", "u1"), ("size", "<u2"), ("opcode", "u1"), ("group", "u1"),
    ("tid", "<u4"), ("pid", "<u4"), ("time", "<i8"),
])  # fmt: skip
_PERF_HEADER = np.dtype([
    ("version", "<u2"), ("type", "u1"), ("marker", "u1"), ("size", "<u2"), ("opcode", "u1"), ("group", "u1"), ("time", "<i8"),
])  # fmt: skip
_FULL_HEADER = np.dtype([
    ("size", "<u2"), ("type", "u1"), ("marker", "u1"), ("opcode", "u1"), ("level", "u1"), ("version", "<u2"),
    ("tid", "<u4"), ("pid", "<u4"), ("time", "<i8"), ("guid", "<u8", (2,)), ("cpu_time", "<u8"),
])  # fmt: skip
DELIVERED = np.dtype([
    ("head", _EVENT_HEADER), ("context", "V4"), ("extensions", "<u2"), ("length", "<u2"), ("extended", "<u8"), ("data", "<u8"),
    ("user", "<u8"),
])  # fmt: skip
"""``EVENT_RECORD`` (evntcons.h) of a 64-bit system, as a consumer's callback gets it; its pointers hold during the call only."""

_EXTENDED, _FLAG_32, _FLAG_CLASSIC = 0x1, 0x20, 0x100  # EVENT_HEADER_FLAG_…
EXT_START_KEY = 0x10  # EVENT_HEADER_EXT_TYPE_PROCESS_START_KEY
_MOST_EXTENSIONS = 32
_MARKED = 0x80  # TRACE_HEADER_FLAG: every header of the runtime has this bit


@dataclass(frozen=True)
class Walk:
    """Places of records in a buffer; ``stopped`` is where no further one could be read."""

    places: Places
    sizes: Places
    stopped: int


def walk(buffer: Bytes) -> Walk:
    """Find the records of one buffer (its bytes behind the buffer's header)."""
    slots = len(buffer) // 8
    if not slots:
        return Walk(np.zeros(0, np.int64), np.zeros(0, np.int64), 0)
    sizes = _sizes(buffer[: slots * 8].reshape(slots, 8))
    at = np.arange(slots, dtype=np.int64)
    fits = (sizes >= 8) & (at * 8 + sizes <= len(buffer))
    following = np.where(fits, at + (sizes + 7) // 8, slots + 1)
    following = np.append(np.minimum(following, slots + 1), [slots + 1, slots + 1])
    marks = np.zeros(1, np.int64)
    jump = following
    while True:
        reached = jump[marks]
        reached = reached[reached < slots]
        if not len(reached):
            break
        marks = np.concatenate([marks, reached])
        jump = jump[jump]
    good = marks[fits[marks]]
    behind = int(good[-1] * 8 + (sizes[good[-1]] + 7) // 8 * 8) if len(good) else 0
    return Walk(good * 8, sizes[good], min(behind, len(buffer)))


def first(buffer: Bytes) -> npt.NDArray[np.void]:
    """The first record alone, as ``RECORD``; none where no record begins there."""
    size = int(_sizes(buffer[:8].reshape(1, 8))[0]) if len(buffer) >= 8 else 0
    fits = 8 <= size <= len(buffer)
    places = np.zeros(int(fits), np.int64)
    return headers(buffer, Walk(places, places + size, size))


def _sizes(heads: Bytes) -> Places:
    """What each place would be long, were it a record; 0 where it cannot be one."""
    words = np.ascontiguousarray(heads).view("<u2").astype(np.int64)
    types = heads[:, 2]
    sizes = np.where(_SIZE_AT[types] == 4, words[:, 2], words[:, 0])
    known = (heads[:, 3] & _MARKED != 0) & (types != 0) & (sizes >= _HEAD[types]) & (sizes != 0xFFFF)
    return np.where(known, sizes, 0)


def headers(buffer: Bytes, found: Walk) -> npt.NDArray[np.void]:
    """The records of a walk as ``RECORD``, in the order in which they stand; offsets are within ``buffer``."""
    made = np.zeros(len(found.places), RECORD)
    made["at"], made["end"] = found.places, found.places + found.sizes
    made["pid"] = made["tid"] = -1
    types = buffer[found.places + 2]
    made["start"] = found.places + _HEAD[types]
    made["kind"] = _KIND[types]
    made["pointer"] = np.where(np.isin(types, _POINTER_4), 4, 8)
    for kind, read in ((EVENT, _event), (_SYSTEM, _system), (_PERF, _perf), (FULL, _full)):
        mine = np.flatnonzero(made["kind"] == kind)
        if len(mine):
            made[mine] = read(buffer, made[mine])
    plain = made["kind"] == _PLAIN
    made["id"][plain] = types[plain]
    return made


def taken(buffer: Bytes, places: Places, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """One structure at each place; all of them have to lie within the buffer."""
    rows = buffer[places[:, None] + np.arange(dtype.itemsize)]
    return np.ascontiguousarray(rows).view(dtype).reshape(len(places))


def _event(buffer: Bytes, records: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    head = taken(buffer, records["at"], _EVENT_HEADER)
    _described(records, head)
    extended = np.flatnonzero(head["flags"] & _EXTENDED != 0)
    if len(extended):
        records[extended] = _extensions(buffer, records[extended])
    return records


def _described(records: npt.NDArray[np.void], head: npt.NDArray[Any]) -> None:
    """What ``EVENT_HEADER`` says of an event; of a classic one the opcode is its id."""
    records["time"], records["guid"], records["version"] = head["time"], head["guid"], head["version"]
    classic = head["flags"] & _FLAG_CLASSIC != 0
    records["classic"] = classic
    records["id"] = np.where(classic, head["opcode"], head["id"])
    records["pointer"] = np.where(head["flags"] & _FLAG_32 != 0, 4, 8)
    _ids(records, head)


def delivered(heads: npt.NDArray[np.void], start_keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.void]:
    """Records that a callback copied (``DELIVERED``), whose payloads stand one behind the other in a chunk of their own."""
    made = np.zeros(len(heads), RECORD)
    made["end"] = np.cumsum(heads["length"], dtype=np.int64)
    made["start"] = made["end"] - heads["length"]
    made["kind"], made["start_key"] = EVENT, start_keys
    _described(made, heads["head"])
    return made


def _extensions(buffer: Bytes, records: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Step over the items before the payload, all records at once, item by item; take the process's start key.

    On disk an item is a head of four u16 (its size with head, type, whether another follows, size of its data) and data.
    """
    item = np.dtype([("whole", "<u2"), ("type", "<u2"), ("more", "<u2"), ("data", "<u2"), ("value", "<u8")])
    going = np.arange(len(records))
    for _ in range(_MOST_EXTENSIONS):
        at, end = records["start"][going], records["end"][going]
        going, at = going[at + 8 <= end], at[at + 8 <= end]
        if not len(going):
            break
        last = len(buffer) - item.itemsize
        head = taken(buffer, np.minimum(at, last), item)
        exact = at <= last
        size = np.where(head["whole"] >= 8, head["whole"], 8 + head["data"].astype(np.int64))
        here = exact & (head["type"] == EXT_START_KEY) & (head["data"] == 8)
        records["start_key"][going[here]] = head["value"][here]
        records["start"][going] = np.minimum(at + (size + 7) // 8 * 8, records["end"][going])
        going = going[exact & (head["more"] & 1 != 0)]
    return records


def _system(buffer: Bytes, records: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    head = taken(buffer, records["at"], _SYSTEM_HEADER)
    _ids(records, head)
    return _kernels(records, head)


def _perf(buffer: Bytes, records: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    return _kernels(records, taken(buffer, records["at"], _PERF_HEADER))


def _kernels(records: npt.NDArray[np.void], head: npt.NDArray[Any]) -> npt.NDArray[np.void]:
    """The kernel's events name their class by a group number, which stands for a GUID."""
    records["time"], records["version"], records["id"] = head["time"], head["version"] & 0xFF, head["opcode"]
    records["classic"] = 1
    records["guid"] = KERNEL_GROUPS[head["group"]]
    return records


def _full(buffer: Bytes, records: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    head = taken(buffer, records["at"], _FULL_HEADER)
    records["time"], records["guid"], records["id"] = head["time"], head["guid"], head["opcode"]
    records["version"], records["classic"] = head["version"] & 0xFF, 1
    _ids(records, head)
    return records


def _ids(records: npt.NDArray[np.void], head: npt.NDArray[Any]) -> None:
    """Process and thread; the runtime writes all ones where there is none."""
    for name in ("pid", "tid"):
        value = head[name].astype(np.int64)
        records[name] = np.where(value == NO_ID, -1, value)
