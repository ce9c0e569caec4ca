"""A made-up kernel side of Event Tracing for Windows behind pywintrace: what it calls of advapi32 is answered from here.

Wine has no such kernel side, so sessions are kept here, and events are handed to the callback that pywintrace registered,
as real ``EVENT_RECORD`` structures, in the thread that pywintrace started, through ctypes. All beyond that is the real code.
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass, field

GONE, EXISTS, INVALID = 4201, 183, 2**64 - 1


@dataclass
class FakeSession:
    """What the kernel would know of a session."""

    name: str
    properties: object
    ended: threading.Event = field(default_factory=threading.Event)
    delivered: threading.Event = field(default_factory=threading.Event)
    enabled: list = field(default_factory=list)
    flushes: int = 0
    lost: tuple[int, int, int] = (0, 0, 0)


class FakeWindows:
    """Sessions by name. ``feed`` has the events of each kind of session; ``deaf`` lets OpenTrace fail, ``refused`` StartTrace."""

    def __init__(self, feed=None):
        self.feed = feed or {}
        self.sessions: dict[str, FakeSession] = {}
        self.stopped: list[str] = []
        self.started: list[str] = []
        self.deaf = False
        self.refused: dict[str, int] = {}
        self._opened: dict[int, tuple[FakeSession, object]] = {}

    def foreign(self, name):
        """A session that somebody left."""
        self.sessions[name] = FakeSession(name, None)

    def kill(self, kind):
        """Stop a session as an administrator would, from outside."""
        name = self.name(kind)
        self.sessions.pop(name).ended.set()

    def name(self, kind):
        return next(name for name in self.sessions if name.split("-")[1] == kind)

    def of(self, kind):
        return self.sessions[self.name(kind)]

    def install(self, monkeypatch):
        from etw import evntrace  # noqa: PLC0415 - only on Windows

        from collectors.etw import tracing  # noqa: PLC0415

        for name in ("StartTraceW", "EnableTraceEx2", "ControlTraceW", "OpenTraceW", "CloseTrace", "ProcessTrace"):
            monkeypatch.setattr(evntrace, name, getattr(self, name))
        monkeypatch.setattr(tracing, "query_all", self.query_all)
        return self

    # What advapi32 has

    def StartTraceW(self, handle, name, properties):  # noqa: N802
        kind = name.split("-")[1]
        if kind in self.refused:
            return self.refused[kind]
        if name in self.sessions:
            return EXISTS
        handle._obj.value = len(self.started) + 1
        self.started.append(name)
        copy = type(properties.contents).from_buffer_copy(properties.contents)
        self.sessions[name] = FakeSession(name, copy)
        return 0

    def EnableTraceEx2(self, handle, guid, _code, level, any_, _all, _timeout, parameters):  # noqa: N802
        ids = None
        if parameters:
            filter_ = parameters.contents.EnableFilterDesc.contents
            head = ctypes.string_at(filter_.Ptr, filter_.Size)
            ids = (filter_.Type, head[0], [int.from_bytes(head[n : n + 2], "little") for n in range(4, len(head), 2)])
            assert int.from_bytes(head[2:4], "little") == len(ids[2])
        name = self.started[handle.value - 1]
        self.sessions[name].enabled.append(
            (str(guid._obj).lower().strip("{}"), level, any_, parameters and parameters.contents.EnableProperty, ids)
        )
        return 0

    def ControlTraceW(self, _handle, name, properties, code):  # noqa: N802
        session = self.sessions.get(name)
        if session is None:
            return GONE
        found = properties.contents
        found.EventsLost, found.RealTimeBuffersLost, found.LogBuffersLost = session.lost
        if code == 3:
            session.flushes += 1
        if code == 1:
            del self.sessions[name]
            self.stopped.append(name)
            session.ended.set()
        return 0

    def OpenTraceW(self, logfile):  # noqa: N802
        if self.deaf:
            return INVALID
        file = logfile._obj
        handle = 1000 + len(self._opened)
        self._opened[handle] = self.sessions[file.LoggerName], file
        return handle

    def ProcessTrace(self, handles, _count, _begin, _end):  # noqa: N802
        found = self._opened.get(handles._obj.value)
        if found is None:
            return 6
        session, file = found
        if session.ended.is_set():
            return GONE
        for event in self.feed.get(session.name.split("-")[1], ()):
            callback = file.EventRecordCallback
            callback(ctypes.cast(event.pointer, type(callback)._argtypes_[0]))
        session.delivered.set()
        session.ended.wait()
        return 0

    def CloseTrace(self, handle):  # noqa: N802
        found = self._opened.pop(getattr(handle, "value", handle), None)
        if found is not None:
            found[0].ended.set()
        return 0

    def query_all(self, array, room, count):
        from etw.evntrace import EVENT_TRACE_PROPERTIES  # noqa: PLC0415

        for place, name in zip(array, list(self.sessions)[:room], strict=False):
            properties = EVENT_TRACE_PROPERTIES.from_address(place)
            text = ctypes.create_unicode_buffer(name)
            ctypes.memmove(place + properties.LoggerNameOffset, text, ctypes.sizeof(text))
        count.value = min(len(self.sessions), room)
        return 0
