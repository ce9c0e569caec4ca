"""The process that sends: its rhythm, its one complaint, and its end whoever brings it about."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from lictor.observing import sender
from lictor.observing.sending import STUCK, THROUGH, Sending

EMPTY = {"since": 1, "at": 2, "numbers": [["lictor.runs", [], 2]], "histograms": [], "spans": [], "logs": []}


@pytest.mark.parametrize(("text", "seconds"), [("", 10), ("500", 0.5), ("x", 10), ("0", 10), ("-5", 10)])
def test_interval(text, seconds):
    assert sender.interval_of(text) == seconds


@pytest.mark.parametrize(
    ("complaint", "reason"),
    [
        ("Transient error Pool(host='h'): ... Failed to establish a new connection: [Errno 111] Connection refused')) encountered", "Connection refused"),
        ("x [Errno -2] Name or service not known)", "Name or service not known"),
        ("Failed to export metrics batch code: 401, reason: no\nkey", "Failed to export metrics batch code: 401, reason: no key"),
        ("y" * 500, "y" * 150),
    ],
)  # fmt: skip
def test_the_reason_in_a_few_words(complaint, reason):
    assert sender.reason(complaint) == reason


def test_only_the_first_complaint_is_told_and_each_is_noted():
    told, stuck = [], []
    once = sender.Once("http://h", told.append, lambda: stuck.append(1))
    for text in ("first", "second"):
        once.emit(logging.LogRecord("x", logging.ERROR, "f", 1, text, None, None))
    assert told == ["telemetry does not get through to http://h (first): it goes on without, and tries again"]
    assert len(stuck) == 2


@pytest.fixture
def ends(monkeypatch):
    """Two ends of a socket, and signals that only note what they are given."""
    monkeypatch.setattr(sender, "_end_in_time", lambda: None)
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    noted = SimpleNamespace(taken=[], exported=[], closed=0)
    signals = SimpleNamespace(
        take=noted.taken.append, export=lambda message, more: noted.exported.append((message["at"], *more)) or True,
        close=lambda: setattr(noted, "closed", noted.closed + 1),
    )  # fmt: skip
    with ours, its:
        yield SimpleNamespace(
            ours=ours, its=its, signals=signals, noted=noted, outside=SimpleNamespace(read=lambda: ["seen"])
        )


def message(at):
    return f'{{"at": {at}, "spans": [], "logs": []}}'.encode()


def test_every_message_is_taken_and_the_last_one_is_exported_at_the_end(ends):
    for at in (1, 2, 3):
        ends.ours.send(message(at))
    ends.ours.close()
    sender.serve(ends.its, ends.signals, ends.outside, 10)
    assert [m["at"] for m in ends.noted.taken] == [1, 2, 3]
    assert ends.noted.exported == [(3, "seen")]
    assert ends.noted.closed == 1


def test_without_a_message_nothing_is_exported(ends):
    ends.ours.close()
    sender.serve(ends.its, ends.signals, ends.outside, 10)
    assert (ends.noted.exported, ends.noted.closed) == ([], 1)


@pytest.mark.parametrize(("taken", "told"), [(True, [THROUGH]), (False, [])])
def test_only_an_export_that_got_through_is_told_to_the_service(ends, taken, told):
    """The other kind is told by the exporters' complaints."""

    def export(*_):
        ends.ours.shutdown(socket.SHUT_WR)
        return taken

    ends.signals.export = export
    ends.ours.send(message(1))
    sender.serve(ends.its, ends.signals, ends.outside, 0.01)
    ends.its.close()
    assert list(iter(lambda: ends.ours.recv(9), b"")) == told


def test_how_it_goes_is_said_without_waiting_for_somebody_to_hear_it(ends):
    for _ in range(5000):
        sender.say(ends.its, STUCK)
    ends.ours.close()
    sender.say(ends.its, STUCK)
    assert ends.its.fileno() >= 0


def test_it_outlives_a_service_that_was_killed_for_two_seconds_at_most(receiver, tmp_path):
    """The service is a process of its own here; it dies without a word, and the receiver hangs."""
    code = (
        "import sys, time; from pathlib import Path; from lictor.observing.sending import Sending\n"
        "s = Sending(sys.argv[1], Path(sys.argv[2])); s.open(); print(s._process.pid, flush=True)\n"
        "while True:\n"
        "    s.send({'since': 1, 'at': 2, 'numbers': [], 'histograms': [], 'spans': [], 'logs': []}); time.sleep(0.1)\n"
    )
    env = {**os.environ, "OTEL_EXPORTER_OTLP_TIMEOUT": "1", "OTEL_METRIC_EXPORT_INTERVAL": "200"}
    service = subprocess.Popen(
        [sys.executable, "-c", code, receiver.endpoint, str(tmp_path)], stdout=subprocess.PIPE, env=env
    )
    try:
        pid = int(service.stdout.readline())
        receiver.wait(lambda: receiver.got["/v1/metrics"])
        receiver.hangs.set()
    finally:
        service.kill()
        service.wait()
    until = time.monotonic() + 10
    while psutil.pid_exists(pid):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_signals_to_everybody_do_not_end_it_before_the_service(receiver, tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "100")
    sending = Sending(receiver.endpoint, tmp_path)
    sending.open()
    try:
        sending.send(EMPTY)
        receiver.wait(lambda: receiver.got["/v1/metrics"])
        assert os.getpgid(sending._process.pid) != os.getpgid(0)  # a terminal's Ctrl-C passes it by
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(sending._process.pid, number)
        sending.send(EMPTY | {"numbers": [["lictor.runs", [], 9]]}, wait=True)
    finally:
        sending.close()
    assert receiver.points("lictor.runs") == {(): 9}
