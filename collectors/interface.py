"""What every source of events offers: open → batches → health → close.

A collector turns what a machine did into sparse record batches of the activity schema.
It owns its clocks, rings and files; nobody else knows how it gets its rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import pyarrow as pa


class CollectorError(Exception):
    """A source cannot be used here; the text is one line and names the next step."""


class Collector(ABC):
    """One source of activity.

    The life is ``open`` once, ``batches`` once, ``health`` as often as wanted (also while
    batches are drawn, from the same thread), ``close`` once, also after an error.
    """

    name: str
    """Value of ``activity.source`` and ``coverage.source``."""

    @abstractmethod
    def open(self) -> None:
        """Attach to the source; raises ``CollectorError`` and leaves nothing attached."""

    @abstractmethod
    def batches(self, done: Callable[[], bool]) -> Iterator[pa.RecordBatch]:
        """Yield sparse ``activity`` batches, each in order of ``time_ns``.

        Strings are dictionary-encoded. A batch of zero rows is yielded at least every
        100 ms when nothing happens, so that the caller's timers run. Once ``done()`` is
        true, what is already buffered is yielded and the iterator ends.
        """

    @abstractmethod
    def health(self) -> pa.RecordBatch:
        """``coverage`` rows for the interval since the last call, also when nothing was lost."""

    @abstractmethod
    def close(self) -> None:
        """Detach; safe to call twice."""
