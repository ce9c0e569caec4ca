"""What the service tells of itself, and to whom: nobody, unless it is asked for.

The service wraps its own steps once, at the start. Without telemetry the wrapping gives back what it was given, so
that nothing of it is left on the way of an event, and no library of it is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

import pyarrow as pa

from lictor.observing.metrics import Reading

P = ParamSpec("P")
T = TypeVar("T")

Step = Callable[[pa.RecordBatch], pa.RecordBatch]
Report = Callable[[str], None]
Seen = Callable[[str, pa.Table], None]
"""Takes rows of a lake table; they are in the writer's hands by then."""


Read = Callable[[], Iterable[Reading]]


class Observer:
    """Watches nothing; what watches overrides all of it. Every call comes from the thread that serves, but ``report``."""

    seen: Seen | None = None
    """To be told of all rows that go to the lake."""

    def open(self, read: Read) -> None:
        """Begin; ``read`` gives what is looked up now and then rather than counted."""

    def batch(self, work: Step, began: Callable[[], int]) -> Step:
        """The whole way of one batch; ``began`` tells when the last one began to be drained (ns, monotonic clock)."""
        del began
        return work

    def step(self, name: str, work: Callable[P, T]) -> Callable[P, T]:
        """One step of that way."""
        del name
        return work

    def judge(self, work: Step) -> Step:
        """The step at whose end a batch has its verdicts."""
        return work

    def reload(self, work: Callable[[], bool]) -> Callable[[], bool]:
        """What puts changed policies in force, and tells whether it did."""
        return work

    def report(self, report: Report) -> Report:
        """What tells a person something in one line."""
        return report

    def tick(self) -> None:
        """Send what is due; called all the time."""

    def close(self) -> None:
        """Send the last of it and end; takes two seconds at most."""
