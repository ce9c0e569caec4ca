"""Rows on their way to the activity schema: who acted when, and the columns of one operation's own.

Each reader of events makes ``Rows``; ``joined`` brings them together in order of time. Who the acting process was is
filled in there, once for all, from what is known of processes at each moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collectors.etw.decode import Part
from pipeline import schema

Longs = npt.NDArray[np.int64]
Column: TypeAlias = pa.Array


@dataclass(frozen=True)
class Rows:
    """Rows of one operation (or of several, where ``operation`` is a column). ``pid`` is -1 where nobody is named."""

    order: Longs
    time: Longs
    pid: Longs
    tid: Longs
    start_key: npt.NDArray[np.uint64]
    columns: Mapping[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.order)


def rows_of(
    part: Part, columns: Mapping[str, Column], keep: npt.NDArray[np.bool_] | None = None, pid: Longs | None = None
) -> Rows:
    """Rows of a part's records, or of those that ``keep`` says; ``pid`` instead of the header's."""
    who = part.pid if pid is None else pid
    foreign = np.zeros(len(part), np.uint64) if pid is not None else part.start_key
    if keep is None or keep.all():
        return Rows(part.order, part.time, who, part.tid, foreign, columns)
    mask = pa.array(keep)
    return Rows(
        part.order[keep], part.time[keep], who[keep], part.tid[keep], foreign[keep],
        {name: column.filter(mask) for name, column in columns.items()},
    )  # fmt: skip


def constant(value: str | int, count: int) -> Column:
    """The same value in every row."""
    return pa.repeat(pa.scalar(value), count)


def choice(names: Sequence[str | None], which: npt.NDArray[np.integer]) -> Column:
    """``names[which]`` as text."""
    return pa.array(list(names), pa.string()).take(pa.array(which))


def filled(texts: pa.StringArray) -> pa.StringArray:
    """Empty texts as NULL."""
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


@dataclass(frozen=True)
class Joined:
    """All rows of a chunk in order of time; ``columns`` has the operations' own."""

    rows: Rows
    table: pa.Table


def joined(parts: Sequence[Rows]) -> Joined | None:
    """The rows of all parts together, by time and then as they stood in the file; ``None`` without any."""
    given = [p for p in parts if len(p)]
    if not given:
        return None
    table = pa.concat_tables([_table(p) for p in given], promote_options="default")
    order, time, pid, tid = (np.concatenate([getattr(p, n) for p in given]) for n in ("order", "time", "pid", "tid"))
    start_key = np.concatenate([p.start_key for p in given])
    by_time = np.lexsort((order, time))
    sorted_ = Rows(order[by_time], time[by_time], pid[by_time], tid[by_time], start_key[by_time])
    return Joined(sorted_, table.take(pa.array(by_time)).combine_chunks())


_TYPES = {c.name: c.type for c in schema.ACTIVITY}


def _table(rows: Rows) -> pa.Table:
    columns = {n: c.cast(_TYPES[n]) if c.type != _TYPES[n] else c for n, c in rows.columns.items()}
    return pa.table(columns)
