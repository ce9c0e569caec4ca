"""Brings the alerts of one target to it, one after the other, in a thread of its own.

A target that is dead holds up nobody but itself. Every alert that is taken on is settled once: delivered, given up, or
left over when Lictor ends.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lictor.alerts.alert import Alert
from lictor.alerts.interface import Deadline, Target
from lictor.alerts.ledger import Ledger
from lictor.alerts.waiting import Waiting
from pipeline.export.backoff import pause

ENDED = "Lictor ended before it was delivered"
CUT_OFF = "Lictor ended while it was being delivered"
CROWDED_OUT = "dropped: too many alerts were waiting"

LONGEST_PAUSE_S = 30.0
"""Where the target asks for none; one that it asks for is kept however long, or the alert given up (``Patience.within``)."""

Encode = Callable[[Alert], bytes]


@dataclass(frozen=True)
class _Outcome:
    """How an alert ended: confirmed, failed or unverified, what was seen, and what a command wrote."""

    enforcement: str
    said: str
    output: str = ""


class Worker:
    """One target and its thread, which begins with the first alert: before that Lictor may still fork."""

    def __init__(self, target: Target, ledger: Ledger, encode: Encode, waiting: Waiting | None = None) -> None:
        self.target = target
        self.dropped = 0
        """Alerts that had to make room for others."""
        self.trouble = ""
        """Why the last alert was not delivered; empty where it was."""
        self._ledger = ledger
        self._encode = encode
        self._waiting = Waiting() if waiting is None else waiting  # an empty one is false
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._end: Deadline | None = None
        self._current: Alert | None = None
        self._limit = Deadline(0)
        self._thread: threading.Thread | None = None

    def put(self, alert: Alert) -> None:
        """Take an alert on; returns at once."""
        self._ledger.intent(self.target, alert, alert.about)
        with self._changed:
            dropped = self._waiting.put(alert)
            if dropped is not None:
                self.dropped += 1
                self._ledger.result(
                    self.target, dropped, "failed", f"{CROWDED_OUT}, and this was the oldest of the least severe"
                )
            if self._thread is None:
                name = f"lictor-alerts-{self.target.name}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def leave_out(self, count: int) -> None:
        """So many alerts of one batch were too many even to wait: they are one intent and one result together."""
        together = Alert("findings", 0, "findings", {})
        self.dropped += count
        self._ledger.intent(self.target, together, f"{count} alerts of one batch")
        self._ledger.result(self.target, together, "failed", f"{CROWDED_OUT}, and {count} of this batch were the least")

    def close(self, seconds: float) -> None:
        """From here each alert that waits has one last try, all within so many seconds; returns at once."""
        with self._changed:
            self._end = Deadline(seconds)
            self._limit.bring_forward(seconds)
            self._closing.set()
            self._changed.notify()

    def join(self, seconds: float) -> None:
        """Wait for the thread, then settle whatever is left; after ``close``."""
        if self._thread is not None:
            self._thread.join(seconds)
        with self._changed:
            if self._current is not None:
                self._ledger.result(self.target, self._current, "unverified", CUT_OFF)
                self._current = None
            while (alert := self._waiting.next()) is not None:
                self._ledger.result(self.target, alert, "failed", ENDED)

    def _work(self) -> None:
        while (alert := self._next()) is not None:
            try:
                outcome = self._delivered(alert)
            except Exception as error:  # noqa: BLE001 - a defect must not end the thread; its text may hold a secret
                outcome = _Outcome("failed", f"a defect in Lictor: {type(error).__name__}")
            self._settle(alert, outcome)

    def _next(self) -> Alert | None:
        """The alert to deliver now; ``None`` when it is time to end."""
        with self._changed:
            while True:
                if self._end is not None and (self._end.left() <= 0 or not len(self._waiting)):
                    return None
                self._current = self._waiting.next()
                if self._current is not None:
                    self._limit = Deadline(self.target.patience.within, self._end)
                    return self._current
                self._changed.wait()

    def _settle(self, alert: Alert, outcome: _Outcome) -> None:
        with self._changed:
            if self._current is alert:  # else it was settled as left over
                self._current = None
                self.trouble = "" if outcome.enforcement == "confirmed" else outcome.said
                evidence = f"{outcome.said}; it said: {outcome.output}" if outcome.output else outcome.said
                self._ledger.result(self.target, alert, outcome.enforcement, evidence)

    def _delivered(self, alert: Alert) -> _Outcome:
        """Try until it is delivered or given up."""
        document, begun, tries = self._encode(alert), time.monotonic(), 0
        while True:
            last = self._closing.is_set()
            tries += 1
            attempt = self.target.attempt(document, alert.id, Deadline(self.target.patience.timeout, self._limit))
            said = f"{attempt.said} after {tries} {'try' if tries == 1 else 'tries'} in {round(time.monotonic() - begun, 2):g} s"
            if attempt.came == "delivered":
                return _Outcome("confirmed", said, attempt.output)
            if attempt.came == "again" and self._end is not None and self._end.left() <= 0:
                return _Outcome("unverified", f"{CUT_OFF}: {said}", attempt.output)
            if attempt.came == "final" or last or tries > self.target.patience.retries:
                return _Outcome("failed", said, attempt.output)
            wait = pause(tries, attempt.after, LONGEST_PAUSE_S, math.inf)
            if wait >= self._limit.left() and not self._closing.is_set():
                late = f"the next try would be later than {self.target.patience.within:g} s"
                return _Outcome("failed", f"{said}: {late}", attempt.output)
            self._closing.wait(wait)
