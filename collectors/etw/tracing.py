"""One session of Event Tracing for Windows, through pywintrace: started, asked how much it lost, flushed, stopped.

pywintrace is used as the one who calls the six functions of advapi32, and no further: it hides what goes wrong. That a
session cannot be opened for reading it does not notice (the thread just ends), that it exists already it ignores, that a
query failed it does not say. All of these are looked at here. It is imported when the first session is made.

``etw`` on PyPI is another product of the same import name; which one is installed is asked of the package's metadata.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from types import ModuleType
from typing import Any

from collectors.etw.guids import guid_of
from collectors.etw.sessions import Provider, Session
from collectors.interface import CollectorError

RAW = 8  # RETURN_RAW_UNFORMATTED_DATA: the callback gets the record as it is
_QUERY, _STOP, _FLUSH = 0, 1, 3  # EVENT_TRACE_CONTROL_…
_EVENT_IDS = 0x80000200  # EVENT_FILTER_TYPE_EVENT_ID
_TRACED_GUID, _QPC = 0x20000, 1  # WNODE_FLAG_TRACED_GUID; the clock that all sessions stamp with
_MOST_SESSIONS = 64
DRAIN_S = 2.0
"""How long the end of a session waits for its last events."""

SUCCESS, NO_RIGHT, EXISTS, NO_ROOM, GONE = 0, 5, 183, 1450, 4201
_MEANINGS = {
    NO_RIGHT: "no right to: run as a service or administrator, or as a member of Performance Log Users",
    EXISTS: "one of that name exists and cannot be stopped",
    NO_ROOM: "Windows has no more room for sessions (64, of which 8 of the kernel's own events): stop others (logman query -ets)",
}


class SessionGoneError(Exception):
    """Somebody else has stopped the session."""


@dataclass(frozen=True)
class Lost:
    """What a session has lost since it began: events that found no buffer; buffers that nobody took in time, or to disk."""

    events: int = 0
    real_time_buffers: int = 0
    log_buffers: int = 0


def installed() -> str | None:
    """Why pywintrace cannot be used; ``None`` where it can."""
    if sys.platform != "win32":
        return f"only Windows has Event Tracing for Windows, this is {sys.platform}"
    try:
        metadata.version("pywintrace")
    except metadata.PackageNotFoundError:
        return "pywintrace is not installed (pip install pywintrace==0.2.0; the package etw is another one)"
    return None


def library() -> ModuleType:
    """pywintrace, which loads on Windows only; raises ``CollectorError``."""
    if (reason := installed()) is not None:
        raise CollectorError(reason)
    import etw  # noqa: PLC0415 - it cannot even be imported elsewhere
    import etw.evntprov  # noqa: PLC0415
    import etw.evntrace  # noqa: PLC0415

    found: ModuleType = etw
    return found


class Trace:
    """One session with its consumer. ``put`` gets each event, in a thread of its own."""

    def __init__(self, session: Session, name: str, put: Callable[[tuple[int, Any]], None]) -> None:
        self.session, self.name = session, name
        self._put = put
        self._job: Any = None
        self._kept: list[Any] = []
        """C structures that the running session points to."""

    def start(self) -> None:
        """Start it, whatever had its name before; raises ``CollectorError`` and leaves nothing running."""
        lib = library()
        control(self.name, _STOP)
        self._kept = []
        job = lib.ETW(
            session_name=self.name, properties=_properties(lib, self.session), event_callback=self._put, callback_data_flag=RAW,
            providers=[self._provider(lib, one) for one in self.session.providers], ignore_exists_error=False,
        )  # fmt: skip
        try:
            job.start()
        except OSError as error:
            control(self.name, _STOP)
            raise CollectorError(f"session {self.name} cannot be started: {meaning(error)}") from error
        if job.consumer.trace_handle.value in _INVALID:
            control(self.name, _STOP)
            job.consumer.stop()
            raise CollectorError(f"session {self.name} cannot be read: OpenTrace gives no handle")
        self._job = job

    def ask(self) -> Lost:
        """What it lost so far; raises ``SessionGoneError`` where it is no more, and ``OSError``."""
        return self._controlled(_QUERY)

    @property
    def reading(self) -> bool:
        """Whether pywintrace's thread still waits for events."""
        return self._job is not None and bool(self._job.consumer.process_thread.is_alive())

    def flush(self) -> None:
        """Have its buffers handed over now; raises as ``ask`` does."""
        self._controlled(_FLUSH)

    def stop(self) -> Lost | None:
        """End it, with its last account; ``None`` where it was gone already. Safe to call twice."""
        job, self._job = self._job, None
        if job is None:
            return None
        status, lost = control(self.name, _STOP)
        # The reader ends by itself once it has handed over the last buffers; closing its handle first could cut them off.
        job.consumer.end_capture.set()
        job.consumer.process_thread.join(DRAIN_S)
        job.consumer.stop()
        job.running = False
        return lost if status == SUCCESS else None

    def _controlled(self, code: int) -> Lost:
        status, lost = control(self.name, code)
        if status == GONE:
            raise SessionGoneError(self.name)
        if status:
            raise OSError(status, f"ControlTrace of {self.name} gives error {status}")
        return lost

    def _provider(self, lib: ModuleType, provider: Provider) -> Any:
        ids = lib.evntprov.EVENT_FILTER_EVENT_ID(True, provider.ids)
        size = ctypes.sizeof(lib.evntprov.EVENT_FILTER_EVENT_ID) + 2 * len(provider.ids)
        place = ctypes.cast(ids.get(), ctypes.c_void_p).value
        filter_ = lib.evntprov.EVENT_FILTER_DESCRIPTOR(place, size, _EVENT_IDS)
        parameters = lib.etw.ProviderParameters(provider.properties, [filter_])
        self._kept += [ids, filter_, parameters]
        guid = lib.GUID("{" + guid_of(provider.name) + "}")
        return lib.ProviderInfo(provider.name, guid, provider.level, provider.mask, 0, parameters.get())


_INVALID = (2**64 - 1, 2**32 - 1)  # INVALID_PROCESSTRACE_HANDLE; the second from systems before Windows 7


def _properties(lib: ModuleType, session: Session) -> Any:
    made = lib.evntrace.EVENT_TRACE_PROPERTIES()
    made.Wnode.Flags, made.Wnode.ClientContext = _TRACED_GUID, _QPC
    made.BufferSize, made.MinimumBuffers, made.MaximumBuffers = session.buffer_kib, session.least, session.most
    made.LogFileMode, made.FlushTimer, made.EnableFlags = session.mode, session.timer_s, session.flags
    if session.flags:  # a session of the kernel's events is known by a GUID of its own
        made.Wnode.Guid = lib.GUID.create_new()
    return lib.etw.TraceProperties(props=ctypes.pointer(made))


def control(name: str, code: int) -> tuple[int, Lost]:
    """Query, stop or flush a session by its name: the status, and what it lost (of a success)."""
    lib = library()
    properties = lib.etw.TraceProperties().get()
    status = lib.evntrace.ControlTraceW(lib.evntrace.TRACEHANDLE(0), name, properties, code)
    found = properties.contents
    return int(status), Lost(found.EventsLost, found.RealTimeBuffersLost, found.LogBuffersLost)


def stop_by_name(name: str) -> bool:
    """Stop a session of somebody else's; whether it ran."""
    return control(name, _STOP)[0] == SUCCESS


def running() -> list[str]:
    """Names of all sessions that this user may see; empty where the system does not tell."""
    if sys.platform != "win32":
        return []
    lib = library()
    made = [lib.etw.TraceProperties() for _ in range(_MOST_SESSIONS)]
    array = (ctypes.c_void_p * len(made))(*(ctypes.cast(one.get(), ctypes.c_void_p).value for one in made))
    count = ctypes.c_uint32()
    if query_all(array, len(made), count):
        return []
    return [_name(one) for one in made[: count.value]]


def query_all(array: Any, room: int, count: ctypes.c_uint32) -> int:
    """``QueryAllTracesW``, which pywintrace does not have; its status."""
    if sys.platform != "win32":
        return GONE
    return int(ctypes.WinDLL("advapi32").QueryAllTracesW(array, ctypes.c_uint32(room), ctypes.byref(count)))


def _name(properties: Any) -> str:
    """The session's name, which stands behind the structure."""
    pointer = properties.get()
    at = ctypes.cast(pointer, ctypes.c_void_p).value or 0
    return ctypes.wstring_at(at + pointer.contents.LoggerNameOffset)


def meaning(error: OSError) -> str:
    """An error of a start, in words that say what to do."""
    code = int(getattr(error, "winerror", 0) or error.errno or 0)
    return f"{_MEANINGS.get(code, error.strerror or str(error))} (error {code})"
