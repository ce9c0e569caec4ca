"""A pipe to another process that is never waited for: what does not fit into it now is an error, not a pause.

Windows has no non-blocking anonymous pipes. So the writing side keeps the reading end too, and asks it how much lies there unread.
"""

from __future__ import annotations

import ctypes

from enforcer.windows import api

ROOM = 1 << 18
"""Bytes that may lie in it unread."""


class PipeFullError(OSError):
    """Whoever should read does not."""


class Pipe:
    """Both ends of it. Another process gets a copy of ``reading``; that copy tells it of our end, since nobody else can write."""

    def __init__(self) -> None:
        """Raises ``OSError``. Nothing of it is inherited by children."""
        reading, writing = ctypes.c_void_p(), ctypes.c_void_p()
        api.call("CreatePipe", ctypes.byref(reading), ctypes.byref(writing), None, ROOM)
        self.reading, self._writing = reading.value or 0, writing.value or 0

    def write(self, data: bytes) -> None:
        """Hand it over whole; raises ``PipeFullError`` where it does not fit, ``OSError``. Does not wait."""
        if self.unread() + len(data) > ROOM:
            raise PipeFullError("the pipe is full")
        written = ctypes.c_uint32()
        api.call("WriteFile", self._writing, data, len(data), ctypes.byref(written), None)

    def close(self) -> None:
        """Close our ends; safe to call twice."""
        ends, self.reading, self._writing = (self.reading, self._writing), 0, 0
        for end in ends:
            api.close(end)

    def unread(self) -> int:
        """Bytes that lie in it still; raises ``OSError``."""
        there = ctypes.c_uint32()
        api.call("PeekNamedPipe", self.reading, None, 0, None, ctypes.byref(there), None)
        return there.value
