"""What was lost: the sensor's counters against the records that arrived.

Every event takes a sequence number within its processor and class before it asks the ring
for room. So for each interval: numbers given out = records delivered + losses counted. The
counters only grow; an interval is a difference of two readings, and a reading is always
followed by a drain, so that no number of the interval is still under way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.kernel.records import CLASSES, REASONS
from pipeline import schema

_REPORTED = [schema.CLASSES.index(c) for c in ("process", "file", "network", "kernel")]


@dataclass(frozen=True)
class Reading:
    """The sensor's counters at one moment; axis 0 is the processor."""

    seq: NDArray[np.int64]
    lost: NDArray[np.int64]
    strings: int
    strings_lost: int
    missed: int


class Ledger:
    """Counts delivered records and writes coverage rows."""

    def __init__(self, host: str, boot_id: str, source: str, processors: int) -> None:
        self._labels = {"host": host, "boot_id": boot_id, "source": source}
        self._delivered = np.zeros((processors, CLASSES), np.int64)
        self._closed = np.zeros(CLASSES, np.int64)
        zeros = np.zeros((processors, CLASSES), np.int64)
        self._last = Reading(zeros, np.zeros((processors, CLASSES, len(REASONS)), np.int64), 0, 0, 0)
        self._since = 0

    def begin(self, time_us: int) -> None:
        """The first interval starts at ``time_us`` (µs since 1970)."""
        self._since = time_us

    def count(self, records: NDArray[np.void]) -> None:
        """Records that were drained."""
        if len(records):
            cell = records["cpu"].astype(np.intp) * CLASSES + records["class"]
            counted = np.bincount(cell, minlength=self._delivered.size)
            self._delivered += counted.reshape(self._delivered.shape)

    def received(self) -> dict[str, int]:
        """Records that were drained since the beginning, by class; a class that is not reported is left out."""
        sums = (self._closed + self._delivered.sum(axis=0)).tolist()
        return {schema.CLASSES[class_]: sums[class_] for class_ in _REPORTED}

    def close(self, reading: Reading, after: NDArray[np.void], time_us: int) -> pa.RecordBatch:
        """Coverage rows up to ``reading``; ``after`` are the counted records drained since it was taken.

        Those of them with later numbers belong to the next interval.
        """
        early = self._delivered
        late = np.zeros_like(early)
        if len(after):
            cpu, class_ = after["cpu"].astype(np.intp), after["class"].astype(np.intp)
            beyond = after["seq"].astype(np.int64) >= reading.seq[cpu, class_]
            np.add.at(late, (cpu[beyond], class_[beyond]), 1)
        rows = self._rows(reading, early - late, time_us)
        self._closed += (early - late).sum(axis=0)
        self._delivered, self._last, self._since = late, reading, time_us
        return rows

    def _rows(self, now: Reading, delivered: NDArray[np.int64], until: int) -> pa.RecordBatch:
        last, rows = self._last, []
        for class_ in _REPORTED:
            name = schema.CLASSES[class_]
            emitted = now.seq[:, class_] - last.seq[:, class_]
            lost = now.lost[:, class_] - last.lost[:, class_]
            busy = np.flatnonzero(emitted | delivered[:, class_] | lost.any(axis=1))
            if not len(busy):
                rows.append({"class": name, "reason": "none", "emitted": 0, "delivered": 0, "lost": 0})
            for cpu in busy.tolist():
                base = {"class": name, "cpu": cpu}
                span = {"first_seq": int(last.seq[cpu, class_]), "last_seq": int(now.seq[cpu, class_]) - 1}
                counts = {"emitted": int(emitted[cpu]), "delivered": int(delivered[cpu, class_]), "lost": 0}
                rows.append({**base, **span, **counts, "reason": "none"})
                rows += [
                    {**base, "reason": REASONS[r], "emitted": 0, "delivered": 0, "lost": int(lost[cpu, r])}
                    for r in np.flatnonzero(lost[cpu]).tolist()
                ]
        rows += self._whole_sensor(now, last)
        common = {**self._labels, "since": self._since, "until": until}
        table = pa.Table.from_pylist([{**common, **r} for r in rows], schema=schema.lake_schema("coverage"))
        return table.combine_chunks().to_batches()[0]

    @staticmethod
    def _whole_sensor(now: Reading, last: Reading) -> list[dict[str, object]]:
        """Losses that are no event's: text that found no room, calls skipped by the kernel."""
        sent, lost = now.strings - last.strings, now.strings_lost - last.strings_lost
        rows: list[dict[str, object]] = []
        if lost:
            rows.append(
                {
                    "class": "health",
                    "reason": "string_ring_full",
                    "emitted": sent,
                    "delivered": sent - lost,
                    "lost": lost,
                }
            )
        if now.missed > last.missed:
            missed = now.missed - last.missed
            rows.append({"class": "health", "reason": "prog_missed", "emitted": missed, "delivered": 0, "lost": missed})
        return rows
