"""What was delivered and dropped, and what this source cannot see at all: the latter in every interval, without a number.

``lost`` is NULL where nobody can tell how many: a process between two looks leaves no trace that could be counted.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from collectors.interface import Origin
from collectors.portable.rows import SOURCE, Numbering
from collectors.portable.trouble import UNREAD
from pipeline import schema

CLASSES = ("process", "file", "network")
UNSEEN = (("process", "polled"), ("network", "polled"), ("file", "places_only"), ("file", "reads_unseen"))
"""Class and reason of what never becomes a row: what is shorter than a look; files elsewhere; reads."""


class Coverage:
    """Rows of ``coverage`` for one interval after the other."""

    def __init__(self, origin: Origin, numbers: Numbering) -> None:
        self._labels = {"host": origin.host, "boot_id": origin.boot_id, "source": SOURCE}
        self._numbers = numbers
        self._closed: dict[str, int] = {}
        self._since = _now_us()

    def close(self, dropped: int, trouble: Mapping[str, int]) -> pa.RecordBatch:
        """Rows up to now. ``dropped`` are file events that took a number and became no row."""
        rows: list[dict[str, Any]] = []
        for class_ in CLASSES:
            first, end = self._closed.get(class_, 0), self._numbers.next.get(class_, 0)
            lost = dropped if class_ == "file" else 0
            span = {"first_seq": first, "last_seq": end - 1} if end > first else {}
            counts = {"emitted": end - first, "delivered": end - first - lost, "lost": 0}
            rows.append({"class": class_, "reason": "none", **counts, **span})
            if lost:
                rows.append({"class": class_, "reason": "queue_full", "emitted": 0, "delivered": 0, "lost": lost})
            self._closed[class_] = end
        rows += [{"class": class_, "reason": reason} for class_, reason in UNSEEN]
        rows += [{"class": "network" if reason == UNREAD else "file", "reason": reason} for reason in sorted(trouble)]
        until = _now_us()
        whole = [{**self._labels, "since": self._since, "until": until, **row} for row in rows]
        self._since = until
        table = pa.Table.from_pylist(whole, schema=schema.lake_schema("coverage"))
        return table.combine_chunks().to_batches()[0]


def _now_us() -> int:
    return time.time_ns() // 1000
