"""Plain numbers, counted where things happen: no lock, no library, a few microseconds for a batch.

A batch is looked at as a whole: its latencies by asking where the bucket bounds fall in its times, which stand in
order. So the cost does not grow with the number of events as the work on them does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise, product
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.kernel.records import REASONS
from lictor.observing.metrics import BY_NAME, Reading
from pipeline import schema

Key = tuple[str, ...]
"""Name of a metric and the values of its attributes."""

_DEEDS = (*schema.VERDICTS[schema.VERDICTS.index("ask") :], "warn", "release", "join", "webhook", "command")
_BEGUN: tuple[Key, ...] = (
    *(("lictor.events.lost", *pair) for pair in product(("process", "file", "network", "kernel"), REASONS)),
    *(("lictor.events.lost", "health", reason) for reason in ("string_ring_full", "prog_missed")),
    *(("lictor.events.lost", "finding", reason) for reason in ("forgotten", "withheld")),
    *(("lictor.actions", action, "failed") for action in _DEEDS),
)
"""Counters that are there from the start: a rate cannot see the step of a series that begins above 0."""


class Histogram:
    """How many values fell below each bound; a value on a bound belongs below it, as OTLP has it."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self._back = (np.array(bounds[::-1]) * 1e9).astype(np.int64)

    def add(self, value: float) -> None:
        """One value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def add_ages(self, times: NDArray[np.int64], now: int) -> None:
        """The age in seconds, at ``now``, of each of some times in ascending order (ns of one clock)."""
        older = np.searchsorted(times, now - self._back)
        edges = [0, *older.tolist(), len(times)]
        for place, (low, high) in enumerate(pairwise(edges)):
            self.counts[len(self.bounds) - place] += high - low
        # Sums of int64 wrap around, and so does this: exact as long as the ages themselves come to less than 2^63 ns.
        ages = (len(times) * now - int(times.sum())) % (1 << 64)
        self.sum += (ages if ages < 1 << 63 else ages - (1 << 64)) / 1e9


class Counts:
    """What was counted since the service began."""

    def __init__(self) -> None:
        self.numbers: dict[Key, float] = defaultdict(int, dict.fromkeys(_BEGUN, 0))
        self.histograms: dict[Key, Histogram] = {}

    def histogram(self, name: str, *attributes: str) -> Histogram:
        """The histogram of a metric with these attribute values; made when it is first asked for."""
        key = (name, *attributes)
        found = self.histograms.get(key)
        if found is None:
            found = self.histograms[key] = Histogram(BY_NAME[name].bounds)
        return found

    def readings(self) -> Iterator[Reading]:
        """The counters."""
        return (Reading(name, tuple(attributes), value) for (name, *attributes), value in self.numbers.items())

    def seen(self, table: str, rows: pa.Table) -> None:
        """Rows of a lake table, tidied as the writer has them."""
        self.numbers["lictor.lake.rows", table] += rows.num_rows
        look = _LOOKS.get(table)
        if look is not None:
            look(self, rows)

    @staticmethod
    def aged(histogram: Histogram, batch: pa.RecordBatch, now: int) -> None:
        """The events of a batch, whose times ascend as collectors give them, by their age at ``now`` (ns, boot clock)."""
        place = batch.schema.get_field_index("boottime_ns")
        if place >= 0:
            column = batch.column(place)
            times = (column.drop_null() if column.null_count else column).to_numpy()
            if len(times):
                histogram.add_ages(times, now)

    def _coverage(self, rows: pa.Table) -> None:
        for row in _dicts(rows, "class", "reason", "lost"):
            if row["lost"]:
                self.numbers["lictor.events.lost", str(row["class"]), str(row["reason"])] += row["lost"]

    def _actions(self, rows: pa.Table) -> None:
        for row in _dicts(rows, "phase", "action", "enforcement"):
            if row["phase"] == "result":
                self.numbers["lictor.actions", str(row["action"]), str(row["enforcement"])] += 1

    def _findings(self, rows: pa.Table) -> None:
        for row in _dicts(rows, "severity"):
            self.numbers["lictor.findings", str(row["severity"])] += 1


_LOOKS = {
    "coverage": Counts._coverage,  # noqa: SLF001 - its own methods, by the table they are about
    "actions": Counts._actions,  # noqa: SLF001
    "findings": Counts._findings,  # noqa: SLF001
}


def _dicts(rows: pa.Table, *names: str) -> list[dict[str, Any]]:
    """Some columns of rows of a small table; a column that is left out has nothing but NULL."""
    there = [name for name in names if name in rows.schema.names]
    empty = dict.fromkeys(names)
    return [empty | row for row in rows.select(there).to_pylist()] if there else [empty] * rows.num_rows
