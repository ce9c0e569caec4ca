"""Events as the runtime hands them to a consumer: ``EVENT_RECORD`` structures (evntcons.h) in memory, made of recorded ones.

Packed by ``struct`` for a 64-bit system. A recorded event has one of several headers; the runtime makes one kind of all of
them, and of their clocks the time since 1601. That is done here likewise.
"""

from __future__ import annotations

import ctypes
import struct

_HEAD = struct.Struct("<HBBHHIIq16sHBBBBHQQ16s")
_RECORD = struct.Struct("<80s4sHHQQQ")
_EXTENSION = struct.Struct("<HHHHQ")
_CLASSIC, _32, _64, _EXTENDED = 0x100, 0x20, 0x40, 0x1


class Event:
    """One event; ``pointer`` may be given to a callback as long as this lives."""

    def __init__(self, record, payload: bytes, time: int):
        self._kept = [payload]
        classic = bool(record["classic"])
        key = int(record["start_key"])
        flags = (_32 if record["pointer"] == 4 else _64) | (_CLASSIC if classic else 0) | (_EXTENDED if key else 0)
        id_ = int(record["id"])
        head = _HEAD.pack(
            80 + len(payload), 0, 0, flags, 0, int(record["tid"]) & 0xFFFFFFFF, int(record["pid"]) & 0xFFFFFFFF, time,
            record["guid"].tobytes(), 0 if classic else id_, int(record["version"]), 0, 4, id_ if classic else 0, 0, 0, 0, bytes(16),
        )  # fmt: skip
        data = self._place(payload)
        extended = self._place(_EXTENSION.pack(0, 0x10, 0, 8, self._place(struct.pack("<Q", key)))) if key else 0
        self.bytes = _RECORD.pack(head, bytes(4), int(bool(key)), len(payload), extended, data, 0)
        self.address = self._place(self.bytes)

    @property
    def pointer(self):
        return ctypes.c_void_p(self.address)

    def _place(self, data: bytes) -> int:
        buffer = ctypes.create_string_buffer(data, max(len(data), 1))
        self._kept.append(buffer)
        return ctypes.addressof(buffer)


def events(data, records, times) -> list[Event]:
    """Events of a chunk of recorded ones (``RECORD``) but for those that the file itself is made of."""
    raw = data.tobytes()
    return [
        Event(one, raw[one["start"] : one["end"]], int(time))
        for one, time in zip(records, times, strict=True)
        if one["kind"]
    ]
