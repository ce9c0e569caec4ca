"""A live session with its inbox, and the thread that looks after all of them: flushes, counters, and whether they still run.

Small buffers are asked for every few milliseconds, since Windows hands them over once a second at most. Each second every
session is asked what it lost. One that somebody has stopped is told of as tampering and started anew, again and again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from collectors.etw.inbox import Inbox
from collectors.etw.sessions import Session
from collectors.etw.tracing import Lost, SessionGoneError, Trace
from collectors.interface import CollectorError

ASK_S = 1.0


@dataclass
class Stream:
    """One session. What the watching thread finds waits here for the collector's."""

    session: Session
    trace: Trace
    inbox: Inbox
    told: list[Lost | None] = field(default_factory=list)
    """Counters, in order; ``None``: the session was found stopped, and what follows is of a new one."""
    failing: bool = False


def stream(session: Session, name: str) -> Stream:
    """A session that is not started yet."""
    inbox = Inbox()
    return Stream(session, Trace(session, name, inbox.put), inbox)


class Watch:
    """Looks after running sessions until it is closed, or until the main thread has ended without closing it."""

    def __init__(self, streams: Sequence[Stream], report: Callable[[str], None]) -> None:
        self._streams, self._report = streams, report
        self._end = threading.Event()
        self._tick = min([ASK_S, *(s.session.flush_s for s in streams if s.session.flush_s)])
        self._thread = threading.Thread(target=self._run, name="etw-watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; the sessions go on. Safe to call twice."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        asked = time.monotonic()
        while not self._end.wait(self._tick):
            if not threading.main_thread().is_alive():
                # pywintrace's threads are no daemons: while they read, a program whose main thread failed never ends.
                for one in self._streams:
                    with suppress(OSError):
                        one.trace.stop()
                return
            self._flush()
            if (now := time.monotonic()) - asked >= ASK_S:
                asked = now
                for one in self._streams:
                    self._ask(one)

    def _flush(self) -> None:
        for one in self._streams:
            if one.session.flush_s and not one.failing:
                with suppress(SessionGoneError, OSError):  # asking tells
                    one.trace.flush()

    def _ask(self, one: Stream) -> None:
        try:
            one.told.append(one.trace.ask())
            if one.trace.reading:
                one.failing = False
            else:
                self._restart(one, "is not handed over any more")
        except SessionGoneError:
            self._restart(one, "was stopped by somebody else")
        except OSError as error:
            if not one.failing:
                self._report(str(error))
            one.failing = True

    def _restart(self, one: Stream, why: str) -> None:
        first, one.failing = not one.failing, True
        if first:
            one.told.append(None)
            self._report(f"session {one.trace.name} {why}: events are missing; starting it again")
        try:
            one.trace.stop()
            one.trace.start()
            one.failing = False
        except (OSError, CollectorError) as error:
            if first:
                self._report(f"{error}; trying again each second")
