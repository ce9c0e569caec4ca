"""What the live sessions delivered and lost, as rows of ``coverage``.

Rows are numbered after they were decoded and found to be of a run, so within a class nothing is missing between them.
What is lost is lost before that, of the whole session and of nobody knows which class: it is told under ``health``, with
the session in its reason. Events that found no buffer have a number; lost buffers hold an unknown count, so theirs is NULL.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pyarrow as pa

from collectors.etw.tracing import Lost
from collectors.interface import Origin
from collectors.numbering import Numbering
from pipeline import schema

CLASSES = ("process", "file", "network", "dns", "registry")


class Accounts:
    """Adds up losses between two calls of ``close``. Called from the collector's thread alone."""

    def __init__(self, origin: Origin, source: str, numbers: Numbering) -> None:
        self._labels = {"host": origin.host, "boot_id": origin.boot_id, "source": source}
        self._numbers = numbers
        self._closed = dict.fromkeys(CLASSES, 0)
        self._last: dict[str, Lost] = {}
        self._dropped: dict[str, int] = {}
        self._counted: Counter[str] = Counter()
        self._uncounted: set[str] = set()
        self._since = _now_us()

    def asked(self, kind: str, lost: Lost) -> None:
        """A session's own counters, which only grow while it is the same session."""
        before = self._last.get(kind, Lost())
        self._last[kind] = lost
        self._count(f"{kind}_events_lost", lost.events - before.events)
        if lost.real_time_buffers > before.real_time_buffers:
            self._uncounted.add(f"{kind}_real_time_buffers_lost")
        if lost.log_buffers > before.log_buffers:
            self._uncounted.add(f"{kind}_log_buffers_lost")

    def began(self, kind: str) -> None:
        """A session was started: its counters begin at nothing."""
        self._last.pop(kind, None)

    def dropped(self, kind: str, total: int) -> None:
        """What an inbox had no room for, since the beginning."""
        self._count(f"{kind}_queue_full", total - self._dropped.get(kind, 0))
        self._dropped[kind] = total

    def gone(self, kind: str) -> None:
        """Somebody stopped a session: what happened meanwhile nobody knows."""
        self._uncounted.add(f"{kind}_session_stopped")

    def trouble(self, reason: str, count: int) -> None:
        """Anything else that came and could not be read."""
        self._count(reason, count)

    def close(self) -> pa.RecordBatch:
        """Rows for the time since the last call."""
        rows: list[dict[str, Any]] = []
        for class_ in CLASSES:
            first, last = self._closed[class_], self._numbers.given[class_]
            span = {"first_seq": first + 1, "last_seq": last} if last > first else {}
            counts = {"emitted": last - first, "delivered": last - first, "lost": 0}
            rows.append({"class": class_, "reason": "none", **counts, **span})
            self._closed[class_] = last
        rows += [
            {"class": "health", "reason": reason, "emitted": lost, "delivered": 0, "lost": lost}
            for reason, lost in sorted(self._counted.items())
        ]
        rows += [{"class": "health", "reason": reason} for reason in sorted(self._uncounted)]
        until = _now_us()
        whole = [{**self._labels, "since": self._since, "until": until, **row} for row in rows]
        self._since, self._counted, self._uncounted = until, Counter(), set()
        table = pa.Table.from_pylist(whole, schema=schema.lake_schema("coverage"))
        return table.combine_chunks().to_batches()[0]

    def _count(self, reason: str, more: int) -> None:
        if more > 0:
            self._counted[reason] += more


def _now_us() -> int:
    return time.time_ns() // 1000
