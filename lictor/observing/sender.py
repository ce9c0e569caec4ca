"""The process beside the service that sends: ``python -m lictor.observing.sender SOCKET ENDPOINT LAKE``.

It reads messages until the service closes its end, be it by dying, sends metrics every so often and the rest as it
comes, and is gone two seconds after the service at the latest. What is wrong with the receiver is told once.
"""

from __future__ import annotations

import json
import logging
import os
import re
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lictor.observing.outside import Outside
from lictor.observing.sending import STUCK, THROUGH
from pipeline.escape import visible

if TYPE_CHECKING:
    from lictor.observing.signals import Signals

INTERVAL_VARIABLE = "OTEL_METRIC_EXPORT_INTERVAL"
INTERVAL_S = 10.0
END_S = 2.0
_LARGEST = 4 << 20
_ERRNO = re.compile(r"\[Errno -?\d+\] ([\w ]+)")
_FIRST_S = 1.0


class Once(logging.Handler):
    """The first complaint of the exporters, in one line for a person; those that follow say the same.

    ``tell`` gets that line, ``stuck`` is called at each of them.
    """

    def __init__(self, endpoint: str, tell: Callable[[str], None], stuck: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._endpoint, self._tell, self._stuck, self._told = endpoint, tell, stuck, False

    def emit(self, record: logging.LogRecord) -> None:
        """See ``logging.Handler``."""
        self._stuck()
        if not self._told:
            self._told = True
            why = reason(record.getMessage())
            self._tell(
                f"telemetry does not get through to {self._endpoint} ({why}): it goes on without, and tries again"
            )


def reason(complaint: str) -> str:
    """The system's word for what is wrong where there is one, else the beginning of the complaint."""
    found = _ERRNO.search(complaint)
    return found[1] if found else " ".join(complaint.split())[:150]


def serve(source: socket.socket, signals: Signals, outside: Outside, interval: float) -> None:
    """Take messages and send, until the other end is closed; then send the last of it.

    What was sent is not sent again: of a service that stands still, nothing must arrive.
    """
    latest: Mapping[str, Any] | None = None
    due = time.monotonic() + min(interval, _FIRST_S)
    while True:
        ready, _, _ = select.select([source], [], [], max(0.0, due - time.monotonic()))
        if ready:
            received = source.recv(_LARGEST)
            if not received:
                break
            latest = json.loads(received)
            signals.take(latest)
        if time.monotonic() >= due:
            due = time.monotonic() + interval
            if latest is not None:
                if signals.export(latest, outside.read()):
                    say(source, THROUGH)
                latest = None
    _end_in_time()
    if latest is not None:
        signals.export(latest, outside.read())
    signals.close()


def say(source: socket.socket, what: bytes) -> None:
    """Tell the service how it goes; what finds no room was not asked for."""
    with suppress(OSError):
        source.send(what, socket.MSG_DONTWAIT)


def interval_of(text: str) -> float:
    """Seconds between two exports of metrics, from milliseconds; what is no such number counts as not given."""
    try:
        interval = int(text) / 1000
    except ValueError:
        return INTERVAL_S
    return interval if interval > 0 else INTERVAL_S


def _end_in_time() -> None:
    """Whatever a receiver does, this process does not outlive the service for long."""
    timer = threading.Timer(END_S, os._exit, (1,))
    timer.daemon = True
    timer.start()


def _print(text: str) -> None:
    print(f"lictor: {visible(text)}", file=sys.stderr, flush=True)


def main() -> None:
    """See the module."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the service decides when the end is
    descriptor, endpoint, lake = sys.argv[1:]
    source = socket.socket(fileno=int(descriptor))
    logging.getLogger().handlers = [Once(endpoint, _print, lambda: say(source, STUCK))]
    from lictor.observing.resource import resource  # noqa: PLC0415 - what it loads may complain, and is heard now
    from lictor.observing.signals import Signals  # noqa: PLC0415 - the same

    signals = Signals(endpoint, resource(os.getppid()))
    interval = interval_of(os.environ.get(INTERVAL_VARIABLE, ""))
    serve(source, signals, Outside(os.getppid(), Path(lake)), interval)
    os._exit(0)  # threads of the SDK that still try a receiver end here


if __name__ == "__main__":
    main()
