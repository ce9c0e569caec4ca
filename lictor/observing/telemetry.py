"""The observer that does watch: counts in the thread that serves, and hands what it has to a sender once a second.

The sender is a process of its own. A thread would hold the interpreter's lock for milliseconds whenever it packs or
sends, and an agent that takes all the processor would keep it from giving the lock back while a verdict waits. Here
the service spends one message a second on a socket that never blocks; a receiver that is slow, gone or
hostile is the sender's affair alone.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any

import pyarrow as pa

from lictor.observing.counting import Counts
from lictor.observing.interface import Observer, P, Read, Report, Step, T
from lictor.observing.metrics import Reading
from lictor.observing.sending import Sending

EVERY_S = 1.0
SLOW_NS = 20_000_000
"""A batch that takes longer is traced whatever the ratio says: it is the one that is looked for."""

SPANS, LOGS = 256, 256
"""Traces and report lines that wait to be handed over; what finds no room is counted."""
SPANS_SENT, LOGS_SENT, LOG_LENGTH = 64, 16, 1000
"""Of them in one message, so that it fits a socket's buffer; characters of one line."""

_MORE = 16  # messages at the end, for lines that wait


class Telemetry(Observer):
    """Counts, times and hands over; see ``Observer``."""

    def __init__(self, sending: Sending, *, ratio: float = 0.01) -> None:
        """``ratio`` is the share of batches that are traced."""
        self._sending = sending
        self._ratio = ratio
        self._counts = Counts()
        self.seen = self._counts.seen
        self._read: Read = tuple
        self._steps: list[tuple[str, int, int]] = []
        self._spans: deque[dict[str, Any]] = deque()
        self._logs: deque[tuple[int, str]] = deque()
        self._next = 0.0
        self._since = time.time_ns()
        for signal in ("traces", "logs"):
            self._counts.numbers["lictor.telemetry.dropped", signal] += 0
        for result in ("taken", "refused"):  # a rate cannot see the first of them otherwise
            self._counts.histogram("lictor.policy.reload.duration", result)

    def open(self, read: Read) -> None:
        """Start the sender."""
        self._read = read
        self._sending.open()

    def batch(self, work: Step, began: Callable[[], int]) -> Step:
        """Times a batch, and decides afterwards whether its times become a trace."""
        sizes, durations = self._counts.histogram("lictor.batch.size"), self._counts.histogram("lictor.batch.duration")

        def timed(batch: pa.RecordBatch) -> pa.RecordBatch:
            begin = began()
            self._steps = []
            self._note("decode", begin)
            kept = work(batch)
            end = time.monotonic_ns()
            sizes.add(batch.num_rows)
            durations.add((end - begin) / 1e9)
            if end - begin > SLOW_NS or random.random() < self._ratio:  # noqa: S311 - a sample, no secret
                self._trace(begin, end, batch.num_rows)
            return kept

        return timed

    def step(self, name: str, work: Callable[P, T]) -> Callable[P, T]:
        """Times a step."""

        @wraps(work)
        def timed(*args: P.args, **kwargs: P.kwargs) -> T:
            begin = time.monotonic_ns()
            done = work(*args, **kwargs)
            self._note(name, begin)
            return done

        return timed

    def judge(self, work: Step) -> Step:
        """Times the step, and takes the age of each event at its end."""
        latency = self._counts.histogram("lictor.verdict.latency")

        def aged(batch: pa.RecordBatch) -> pa.RecordBatch:
            judged = work(batch)
            self._counts.aged(latency, batch, time.clock_gettime_ns(time.CLOCK_BOOTTIME))
            return judged

        return self.step("judge", aged)

    def reload(self, work: Callable[[], bool]) -> Callable[[], bool]:
        """Times a reload, by what became of it."""

        def timed() -> bool:
            begin = time.monotonic()
            taken = work()
            result = "taken" if taken else "refused"
            self._counts.histogram("lictor.policy.reload.duration", result).add(time.monotonic() - begin)
            return taken

        return timed

    def report(self, report: Report) -> Report:
        """Keeps the line as well; may be called from any thread."""

        def told(text: str) -> None:
            report(text)
            self._keep(self._logs, (time.time_ns(), text[:LOG_LENGTH]), LOGS, "logs")

        return told

    def tick(self) -> None:
        """Hand over once a second; what the sender has no room for stays, or is counted where it is too much."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY_S
            self._hand_over()

    def close(self) -> None:
        """Hand over what is left, and end the sender."""
        if self._sending.gets_through() and self._hand_over(wait=True):
            for _ in range(_MORE):
                if not (self._logs or self._spans) or not self._hand_over(wait=True):
                    break
        self._sending.close()

    def _note(self, name: str, begin: int) -> None:
        end = time.monotonic_ns()
        self._steps.append((name, begin, end))
        self._counts.numbers["lictor.step.time", name] += (end - begin) / 1e9

    def _trace(self, begin: int, end: int, rows: int) -> None:
        shift = time.time_ns() - time.monotonic_ns()
        steps = [(name, first + shift, last + shift) for name, first, last in self._steps]
        span = {"begin": begin + shift, "end": end + shift, "rows": rows, "steps": steps}
        self._keep(self._spans, span, SPANS, "traces")

    def _keep(self, waiting: deque[Any], what: Any, room: int, signal: str) -> None:
        if len(waiting) < room:
            waiting.append(what)
        else:
            self._counts.numbers["lictor.telemetry.dropped", signal] += 1

    def _hand_over(self, *, wait: bool = False) -> bool:
        """One message; whether the sender took it."""
        spans = [self._spans[i] for i in range(min(SPANS_SENT, len(self._spans)))]
        logs = [self._logs[i] for i in range(min(LOGS_SENT, len(self._logs)))]
        numbers: list[Reading] = [*self._counts.readings(), *self._read()]
        histograms = [(*key, h.counts, h.sum) for key, h in self._counts.histograms.items()]
        message = {
            "since": self._since,
            "at": time.time_ns(),
            "numbers": numbers,
            "histograms": histograms,
            "spans": spans,
            "logs": logs,
        }
        if not self._sending.send(message, wait=wait):
            return False
        for _ in spans:
            self._spans.popleft()
        for _ in logs:
            self._logs.popleft()
        return True
