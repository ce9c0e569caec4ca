"""The service's end of the sender, with the real one behind it: it never waits, and it is gone in time."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest

from lictor.observing.sending import Sending

EMPTY = {"since": 1, "at": 2, "numbers": [["lictor.runs", [], 2]], "histograms": [], "spans": [], "logs": []}


@pytest.fixture
def sending(receiver, tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "100")
    made = Sending(receiver.endpoint, tmp_path)
    made.open()
    yield made
    made.close()


def took(work):
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def test_a_message_arrives_and_the_end_leaves_no_process(sending, receiver):
    assert sending.send(EMPTY) is True
    receiver.wait(lambda: receiver.got["/v1/metrics"])
    process = sending._process
    assert process.poll() is None
    assert sending.gets_through() is True
    assert took(sending.close) < 2.5
    assert process.returncode == 0
    assert not psutil.pid_exists(process.pid)
    sending.close()


def test_the_last_message_arrives_though_it_is_sent_right_before_the_end(sending, receiver):
    sending.send(EMPTY)
    receiver.wait(lambda: receiver.got["/v1/metrics"])
    sending.send(EMPTY | {"numbers": [["lictor.runs", [], 7]]}, wait=True)
    sending.close()
    assert receiver.points("lictor.runs") == {(): 7}


def test_it_never_waits_for_a_sender_that_does_not_read(sending):
    os.kill(sending._process.pid, signal.SIGSTOP)
    long = EMPTY | {"logs": [[1, "x" * 50_000]]}
    results = []
    slowest = max(took(lambda: results.append(sending.send(long))) for _ in range(50))
    assert results[0] is True
    assert results[-1] is False
    assert slowest < 0.5  # of its own work; a wait would be without end
    assert took(lambda: sending.send(long, wait=True)) < 1.5
    assert took(sending.close) < 3


def test_a_receiver_that_hangs_holds_up_its_end_for_two_seconds_at_most(sending, receiver):
    receiver.hangs.set()
    sending.send(EMPTY)
    time.sleep(1.5)
    process = sending._process
    assert took(sending.close) < 3
    assert not psutil.pid_exists(process.pid)


def test_a_receiver_that_is_not_there_does_not_hold_it_up(tmp_path, capfd):
    sending = Sending("http://127.0.0.1:9", tmp_path)
    sending.open()
    sending.send(EMPTY)
    until = time.monotonic() + 20
    while sending.gets_through() and time.monotonic() < until:
        time.sleep(0.05)
    assert sending.gets_through() is False
    assert took(sending.close) < 1
    assert capfd.readouterr().err.count("\n") == 1


def test_a_sender_that_was_killed_is_no_error(sending):
    sending._process.kill()
    sending._process.wait()
    assert sending.send(EMPTY) is False
    assert sending.send(EMPTY, wait=True) is False
    sending.close()


def test_what_is_never_opened_can_be_closed(tmp_path):
    sending = Sending("http://127.0.0.1:9", tmp_path)
    assert sending.send(EMPTY) is False
    sending.close()


def test_no_module_is_taken_from_the_working_directory(receiver, tmp_path, monkeypatch):
    """An agent writes there; what is called like a library of ours must not run with our rights."""
    for name in ("json", "psutil", "requests", "lictor"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'taken')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    sending = Sending(receiver.endpoint, tmp_path)
    sending.open()
    sending.send(EMPTY)
    receiver.wait(lambda: receiver.got["/v1/metrics"])
    sending.close()
    assert not (tmp_path / "taken").exists()
