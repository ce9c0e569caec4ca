"""How well hosts were watched: sequence numbers for rows, and rows of ``coverage`` that count them, with some losses and blind spells.

Delivered is what the lake really holds. Lost are numbers that were given out in the sample and belong to no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline import schema
from tools.sampling.plan import BLIND, Run

INTERVAL = timedelta(minutes=15)
CLASSES = ("process", "file", "network", "kernel")
_CPU = 0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Place = tuple[str, str, str]
"""Host, boot and class."""


@dataclass
class _Counted:
    first: int
    last: int
    delivered: int = 0
    lost: dict[str, int] = field(default_factory=dict)


class Watch:
    """Gives out sequence numbers for runs in the order of time of each host, and remembers what an interval held."""

    def __init__(self) -> None:
        self._next: dict[Place, int] = {}
        self._counted: dict[tuple[Place, int], _Counted] = {}
        self._boots: dict[tuple[str, str], datetime] = {}

    def number(self, rows: pa.Table, run: Run, lost: int = 0) -> pa.Table:
        """The rows with their numbers; ``lost`` events of files went missing at the end of them."""
        self._boots[run.host.name, run.boot.id] = run.boot.since
        numbers = np.zeros(rows.num_rows, np.int64)
        classes = np.array(rows.column("class").to_pylist())
        slots = rows.column("time_ns").to_numpy() // (round(INTERVAL.total_seconds()) * 10**9)
        for class_ in CLASSES:
            place, mine = (run.host.name, run.boot.id, class_), np.flatnonzero(classes == class_)
            numbers[mine] = self._next.get(place, 0) + np.arange(len(mine))
            self._next[place] = self._next.get(place, 0) + len(mine)
            for slot in np.unique(slots[mine]).tolist():
                self._count(place, slot, numbers[mine][slots[mine] == slot])
        if lost:
            self._lose((run.host.name, run.boot.id, "file"), int(slots[-1]), lost)
        seq = rows.schema.get_field_index("seq")
        cpu = rows.schema.get_field_index("cpu")
        rows = rows.set_column(seq, rows.schema.field(seq), pa.array(numbers))
        return rows.set_column(cpu, rows.schema.field(cpu), pa.array(np.zeros(rows.num_rows, np.int32)))

    def coverage(self, host: str, until: datetime) -> Iterator[dict[str, Any]]:
        """Rows of ``coverage`` of a host, from its first boot until it fell silent."""
        boots = sorted((since, boot) for (name, boot), since in self._boots.items() if name == host)
        for position, (since, boot) in enumerate(boots):
            end = boots[position + 1][0] - BLIND if position + 1 < len(boots) else until
            for slot in range(_slot(since), _slot(end) + 1):
                begin = _EPOCH + slot * INTERVAL
                span = {"since": max(begin, since), "until": min(begin + INTERVAL, end)}
                if span["since"] < span["until"]:
                    yield from self._interval(host, boot, slot, span)

    def _interval(self, host: str, boot: str, slot: int, span: dict[str, datetime]) -> Iterator[dict[str, Any]]:
        for class_ in CLASSES:
            row = {
                "host": host,
                "boot_id": boot,
                "source": "ebpf",
                "class": class_,
                "reason": "none",
                "lost": 0,
                **span,
            }
            counted = self._counted.get(((host, boot, class_), slot))
            if counted is None:
                yield row | {"emitted": 0, "delivered": 0}
                continue
            numbers = {"cpu": _CPU, "first_seq": counted.first, "last_seq": counted.last}
            emitted = counted.last - counted.first + 1
            yield row | numbers | {"emitted": emitted, "delivered": counted.delivered}
            for reason, lost in counted.lost.items():
                yield row | {"cpu": _CPU, "reason": reason, "emitted": 0, "delivered": 0, "lost": lost}

    def _count(self, place: Place, slot: int, numbers: Any) -> None:
        counted = self._counted.setdefault((place, slot), _Counted(int(numbers[0]), int(numbers[-1])))
        counted.last = int(numbers[-1])
        counted.delivered += len(numbers)

    def _lose(self, place: Place, slot: int, lost: int) -> None:
        first = self._next[place]
        self._next[place] += lost
        counted = self._counted.setdefault((place, slot), _Counted(first, first))
        counted.last = first + lost - 1
        counted.lost["ring_full"] = counted.lost.get("ring_full", 0) + lost


def torn(host: str, boot: str, at: datetime) -> dict[str, Any]:
    """A loss of which nobody can know how much it was: a log of the lake whose end was torn off."""
    return {
        "host": host,
        "boot_id": boot,
        "source": "lake",
        "reason": "log_torn",
        "since": at - timedelta(minutes=4),
        "until": at,
    }


def table(rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> pa.Table:
    """Rows as the lake takes them."""
    return pa.Table.from_pylist(list(rows), schema.lake_schema("coverage"))


def _slot(moment: datetime) -> int:
    return int((moment - _EPOCH) / INTERVAL)
