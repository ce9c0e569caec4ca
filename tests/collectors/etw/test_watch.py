from __future__ import annotations

import threading
import time

import pytest

from collectors.etw import watch as under_test
from collectors.etw.inbox import Inbox
from collectors.etw.sessions import ACTIVITY, PROCESS
from collectors.etw.tracing import Lost, SessionGoneError
from collectors.etw.watch import Stream, Watch, stream
from collectors.interface import CollectorError


class FakeTrace:
    """Answers as it is told to: what ``ask`` gives, and what ``start`` raises."""

    def __init__(self):
        self.name, self.answer, self.refusal = "lictor-x", Lost(), None
        self.reading = True
        self.flushed = self.started = self.stopped = 0

    def ask(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def flush(self):
        self.flushed += 1
        self.ask()

    def stop(self):
        self.stopped += 1

    def start(self):
        self.started += 1
        if self.refusal is not None:
            raise self.refusal
        self.answer, self.reading = Lost(), True


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(under_test, "ASK_S", 0.02)
    lines = []
    streams = [Stream(session, FakeTrace(), Inbox()) for session in (PROCESS, ACTIVITY)]
    watch = Watch(streams, lines.append)
    watch.start()
    yield streams, lines
    watch.close()
    watch.close()
    assert not watch._thread.is_alive()


def wait_until(true):
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_small_buffers_are_flushed_and_all_are_asked(watched):
    (proc, act), lines = watched
    act.trace.answer = Lost(4)
    wait_until(lambda: proc.trace.flushed > 5 and Lost(4) in act.told and proc.told)
    assert act.trace.flushed == 0
    assert lines == []


def test_one_that_was_stopped_is_told_of_and_begun_again(watched):
    (proc, _), lines = watched
    proc.trace.answer = SessionGoneError("x")
    wait_until(lambda: proc.trace.started and proc.told[-1] == Lost())
    assert proc.told.count(None) == 1
    assert lines == ["session lictor-x was stopped by somebody else: events are missing; starting it again"]


def test_one_that_nobody_reads_any_more_is_begun_again(watched):
    (_, act), lines = watched
    act.trace.reading = False
    wait_until(lambda: act.trace.started == 1 and lines)
    assert "not handed over any more" in lines[0]


def test_what_cannot_be_begun_again_is_said_once_and_tried_on(watched):
    (proc, _), lines = watched
    proc.trace.refusal, proc.trace.answer = CollectorError("no right"), SessionGoneError("x")
    wait_until(lambda: proc.trace.started > 3)
    assert [line.partition(":")[0] for line in lines] == [
        "session lictor-x was stopped by somebody else",
        "no right; trying again each second",
    ]
    assert proc.told.count(None) == 1
    flushed = proc.trace.flushed
    proc.trace.refusal = None
    wait_until(lambda: not proc.failing and proc.trace.flushed > flushed)


def test_a_question_that_fails_is_said_once(watched):
    (_, act), lines = watched
    act.trace.answer = OSError("ControlTrace gives error 6")
    wait_until(lambda: act.failing)
    time.sleep(0.1)
    assert lines == ["ControlTrace gives error 6"]


def test_sessions_end_with_a_main_thread_that_failed(watched, monkeypatch):
    streams, _ = watched
    monkeypatch.setattr(threading, "main_thread", threading.Thread)
    wait_until(lambda: all(one.trace.stopped for one in streams))


def test_a_stream_has_an_inbox_of_its_own():
    one, other = stream(PROCESS, "a"), stream(ACTIVITY, "b")
    assert (one.trace.name, other.trace.session) == ("a", ACTIVITY)
    assert one.inbox is not other.inbox
    assert one.trace._put == one.inbox.put
