"""What is made of pywintrace's answers, with a made-up pywintrace; the real one runs in tests/windows."""

from __future__ import annotations

import ctypes
import sys
import threading
from ctypes import Structure, c_uint16, c_uint32, c_uint64
from types import SimpleNamespace

import pytest

from collectors.etw import tracing
from collectors.etw.sessions import PROCESS, SYSTEM
from collectors.etw.tracing import Lost, SessionGoneError, Trace
from collectors.interface import CollectorError


class Wnode(Structure):
    _fields_ = (("Flags", c_uint32), ("ClientContext", c_uint32), ("Guid", c_uint32))


class Properties(Structure):
    _fields_ = (
        ("Wnode", Wnode), *((name, c_uint32) for name in ("BufferSize", "MinimumBuffers", "MaximumBuffers", "LogFileMode", "FlushTimer", "EnableFlags",
        "EventsLost", "RealTimeBuffersLost", "LogBuffersLost")),
    )  # fmt: skip


class Ids(Structure):
    _fields_ = (("on", c_uint16), ("count", c_uint16))

    def __init__(self, _on, ids):
        self.array = (c_uint16 * (2 + len(ids)))(1, len(ids), *ids)

    def get(self):
        return ctypes.pointer(self.array)


class Filter(Structure):
    _fields_ = (("Ptr", c_uint64), ("Size", c_uint32), ("Type", c_uint32))


class Library:
    """What of pywintrace is used. ``status`` is what ControlTrace answers, ``handle`` what OpenTrace gave."""

    def __init__(self):
        self.status, self.handle, self.error = 0, 9, None
        self.controlled, self.made = [], []
        outer = self

        class TraceProperties:
            def __init__(self, props=None):
                self.given = props
                self.has = Properties(EventsLost=3, RealTimeBuffersLost=2, LogBuffersLost=1)

            def get(self):
                return ctypes.pointer(self.has)

        class Job:
            def __init__(self, **options):
                self.options, self.running = options, False
                outer.made.append(self)

            def start(self):
                if outer.error is not None:
                    raise outer.error
                thread = threading.Thread(target=lambda: None)
                thread.start()
                self.closed = False
                self.consumer = SimpleNamespace(
                    trace_handle=SimpleNamespace(value=outer.handle), process_thread=thread, end_capture=threading.Event(), stop=self.close
                )  # fmt: skip

            def close(self):
                self.closed = True

        def control(_handle, name, _properties, code):
            self.controlled.append((name, code))
            return self.status

        self.ETW = Job
        self.GUID = lambda text: text
        self.GUID.create_new = lambda: 5
        self.ProviderInfo = lambda *all_: all_
        self.etw = SimpleNamespace(
            TraceProperties=TraceProperties, ProviderParameters=lambda *all_: SimpleNamespace(get=lambda: all_)
        )
        self.evntprov = SimpleNamespace(EVENT_FILTER_EVENT_ID=Ids, EVENT_FILTER_DESCRIPTOR=Filter)
        self.evntrace = SimpleNamespace(EVENT_TRACE_PROPERTIES=Properties, TRACEHANDLE=int, ControlTraceW=control)


@pytest.fixture
def library(monkeypatch):
    made = Library()
    monkeypatch.setattr(tracing, "library", lambda: made)
    return made


def put(_event):
    """Take nothing."""


def test_a_session_is_started_after_whatever_had_its_name(library):
    trace = Trace(PROCESS, "lictor-proc-1-1", put)
    trace.start()
    assert library.controlled == [("lictor-proc-1-1", 1)]
    options = library.made[0].options
    assert (options["callback_data_flag"], options["ignore_exists_error"], options["event_callback"]) == (8, False, put)
    (provider,) = options["providers"]
    assert provider[:5] == ("Microsoft-Windows-Kernel-Process", "{22fb2cd6-0e7b-422b-a0c7-2fad1fd0e716}", 4, 0x50, 0)
    enabled, (filter_,) = provider[5]
    assert (enabled, filter_.Type) == (0x80 | 0x10, 0x80000200)
    assert ctypes.string_at(filter_.Ptr + 4, filter_.Size - 4) == bytes([1, 0, 2, 0, 5, 0, 15, 0])


def test_a_session_of_the_kernels_events_has_a_guid_of_its_own(library):
    Trace(SYSTEM, "s", put).start()
    has = library.made[0].options["properties"].given.contents
    assert (has.EnableFlags, has.LogFileMode, has.Wnode.Guid, has.Wnode.ClientContext) == (1, 0x02000100, 5, 1)
    assert (has.BufferSize, has.MinimumBuffers, has.MaximumBuffers, has.FlushTimer) == (32, 64, 512, 1)
    assert library.made[0].options["providers"] == []


@pytest.mark.parametrize("handle", [2**64 - 1, 2**32 - 1])
def test_the_failure_that_pywintrace_does_not_notice_is_noticed(library, handle):
    library.handle = handle
    with pytest.raises(CollectorError, match="cannot be read: OpenTrace gives no handle"):
        Trace(PROCESS, "p", put).start()
    assert library.controlled == [("p", 1), ("p", 1)]
    assert library.made[0].closed


def test_a_refused_start_leaves_nothing_and_says_what_to_do(library):
    library.error = OSError(5, "Access is denied")
    with pytest.raises(CollectorError, match=r"p cannot be started: no right to: run as .* \(error 5\)"):
        Trace(PROCESS, "p", put).start()
    assert library.controlled[-1] == ("p", 1)


def test_an_error_without_words_of_ours_has_the_systems():
    assert tracing.meaning(OSError(87, "The parameter is incorrect")) == "The parameter is incorrect (error 87)"
    assert "64" in tracing.meaning(OSError(1450, "x"))


def test_losses_are_those_of_the_answer_and_a_session_that_is_gone_is_an_error_of_its_own(library):
    trace = Trace(PROCESS, "p", put)
    assert trace.ask() == Lost(3, 2, 1)
    trace.flush()
    assert library.controlled == [("p", 0), ("p", 3)]
    library.status = 4201
    with pytest.raises(SessionGoneError):
        trace.ask()
    library.status = 6
    with pytest.raises(OSError, match="error 6"):
        trace.flush()


def test_the_end_gives_the_last_account_and_may_come_twice(library):
    trace = Trace(PROCESS, "p", put)
    assert trace.stop() is None
    assert not trace.reading
    trace.start()
    assert trace.stop() == Lost(3, 2, 1)
    assert library.made[0].closed
    assert library.made[0].consumer.end_capture.is_set()
    assert trace.stop() is None
    trace.start()
    library.status = 4201
    assert trace.stop() is None
    assert tracing.stop_by_name("p") is False


@pytest.mark.skipif(sys.platform == "win32", reason="says what other systems answer")
def test_elsewhere_it_says_so():
    assert tracing.installed() == f"only Windows has Event Tracing for Windows, this is {sys.platform}"
    with pytest.raises(CollectorError, match="only Windows"):
        tracing.library()
    assert tracing.running() == []
    assert tracing.query_all(None, 0, ctypes.c_uint32()) == tracing.GONE


def test_the_package_of_the_same_import_name_does_not_count(monkeypatch):
    monkeypatch.setattr(tracing.sys, "platform", "win32")
    monkeypatch.setattr(tracing.metadata, "version", _missing)
    assert "the package etw is another one" in tracing.installed()


def _missing(name):
    assert name == "pywintrace"
    raise tracing.metadata.PackageNotFoundError(name)
