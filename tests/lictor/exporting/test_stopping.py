"""Signals ask for the end once; a second one ends the process as if nobody listened."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from lictor.exporting.stopping import Stop


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_wakes_who_sleeps(number):
    before = signal.getsignal(number)
    with Stop() as stop:
        assert not stop()
        threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
        begun = time.monotonic()
        while not stop.sleep(0.2):
            assert time.monotonic() - begun < 5
        assert stop()
        assert signal.getsignal(number) == before
    assert signal.getsignal(number) == before


def test_asked_without_a_signal():
    stop = Stop()
    assert not stop.sleep(0)
    stop.ask()
    assert stop()
    assert stop.sleep(100)
