"""Which rows of a batch need an action, and how the answer gets back into the batch.

A process can be refused the same thing a hundred thousand times in one batch. So rows are
reduced to what is distinct about them by arrays alone; only those few are looked at one by
one, and the answers return to all rows by index.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

STOPPING: tuple[str, ...] = schema.VERDICTS[schema.VERDICTS.index("ask") :]
"""Verdicts that ask for more than a record."""

KERNEL = ("kernel", "fanotify")
"""Values of ``enforced_at`` that say: stopped already, when it happened."""

FEW = 32
"""Rows up to which they are looked at one by one."""

CROWD = 64
"""Demands of one process in one batch that are told apart by object; a scan has a million addresses."""

MANY = "many objects, see activity"
"""Stands for the objects of a process with more demands than can be followed one by one."""

_IDENTITY = (
    "agent_run", "process_key", "pid", "rule", "policy", "verdict", "enforced_at", "uid", "parent_key", "exe", "action", "class", "operation", "path", "path_to", "dev", "ino",
    "dst_ip", "dst_port", "errno",
)  # fmt: skip


_MERGED: dict[str, str | None] = {"path": MANY} | dict.fromkeys(("path_to", "dev", "ino", "dst_ip", "dst_port"))


@dataclass(frozen=True)
class Asked:
    """One distinct demand in a batch: who did what, what the policy said, what the kernel did about it.

    ``errno`` is ``None`` where the row does not tell how the call ended.
    """

    run: str | None
    process_key: int | None
    pid: int | None
    rule: str | None
    policy: str | None
    verdict: str | None
    enforced_at: str
    object: str | None
    network: bool
    errno: int | None
    operation: str | None = None
    file: str | None = None
    """Where the file is after the act: a rename's new name."""
    inode: tuple[int, int] | None = None
    uid: int | None = None
    parent_key: int | None = None
    exe: str | None = None
    action: str | None = None
    """What the sensor did by itself, where it acted."""

    @property
    def in_kernel(self) -> bool:
        """Whether the sensor acted on it when it happened."""
        return self.enforced_at in KERNEL

    @property
    def refused(self) -> bool:
        """Whether the call came back with a refusal, so that nothing was done."""
        return self.errno in (errno.EPERM, errno.EACCES)


@dataclass(frozen=True)
class Answer:
    """What a row says after an action (values of ``action``, ``enforced_at``, ``enforcement``)."""

    action: str | None
    enforced_at: str | None
    enforcement: str | None


@dataclass(frozen=True)
class Selection:
    """``rows``: indices into the batch (int64); ``which``: for each of them its place in ``asked`` (int64)."""

    rows: NDArray[np.int64]
    which: NDArray[np.int64]
    asked: list[Asked]


def select(batch: pa.RecordBatch, crowded: Collection[int] = ()) -> Selection:
    """The rows that a policy or the kernel stopped, reduced to distinct demands in order of appearance.

    Objects of the processes in ``crowded`` (keys), and of any with more than ``CROWD`` demands in
    this batch, are not told apart and read ``MANY``.
    """
    rows = np.flatnonzero(rows_with(batch, "verdict", STOPPING) | rows_with(batch, "enforced_at", KERNEL))
    if not rows.size:
        return Selection(rows, rows, [])
    if rows.size <= FEW:
        return _of_few(batch, rows, crowded)
    columns = _merged({name: _taken(batch, name, rows) for name in _IDENTITY}, crowded)
    first, which = _distinct(list(columns.values()), rows.size)
    if first.size > CROWD and (more := _crowds(columns["process_key"].take(pa.array(first)))):
        columns = _merged(columns, more)
        first, which = _distinct(list(columns.values()), rows.size)
    few = pa.table({name: column.take(pa.array(first)) for name, column in columns.items()})
    return Selection(rows, which, [_asked(row) for row in few.to_pylist()])


def _of_few(batch: pa.RecordBatch, rows: NDArray[np.int64], crowded: Collection[int]) -> Selection:
    """The same for a handful of rows, one by one: a run is to stand still in milliseconds, and array calls on twenty
    columns alone take five.
    """
    present = [name for name in _IDENTITY if name in batch.schema.names]
    found = batch.select(present).take(pa.array(rows)).to_pylist()
    places: dict[tuple[Any, ...], int] = {}
    distinct: list[dict[str, Any]] = []
    which = np.zeros(rows.size, np.int64)
    for at, row in enumerate(found):
        full = dict.fromkeys(_IDENTITY) | row
        if full["process_key"] in crowded:
            full |= _MERGED
        key = tuple(full.values())
        if key not in places:
            places[key] = len(distinct)
            distinct.append(full)
        which[at] = places[key]
    return Selection(rows, which, [_asked(row) for row in distinct])


def _crowds(process_keys: pa.Array) -> list[int]:
    """The keys that occur more than ``CROWD`` times."""
    counted = process_keys.drop_null().value_counts()
    crowds: list[int] = counted.field("values").filter(pc.greater(counted.field("counts"), CROWD)).to_pylist()
    return crowds


def _merged(columns: dict[str, pa.Array], crowded: Collection[int]) -> dict[str, pa.Array]:
    """The columns with one object for all rows of the processes in ``crowded``."""
    if not crowded:
        return columns
    inside = pc.is_in(columns["process_key"], value_set=pa.array(crowded, pa.int64()))
    merged = dict(columns)
    for name, value in _MERGED.items():
        plain = schema.lake_type("activity", name)
        merged[name] = pc.if_else(inside, pa.scalar(value, plain), columns[name].cast(plain))
    return merged


def answered(batch: pa.RecordBatch, selection: Selection, answers: Sequence[Answer]) -> pa.RecordBatch:
    """The batch with ``action``, ``enforced_at`` and ``enforcement`` set where ``answers`` (one per demand) say so.

    A row that was not selected, or whose answer is ``None`` in a column, keeps what it had there.
    """
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for name in ("action", "enforced_at", "enforcement"):
        values = pa.array([getattr(answer, name) for answer in answers], pa.string())
        columns[name] = _overlaid(columns.get(name), values, selection, batch.num_rows)
    return schema.batch("activity", columns)


def _overlaid(old: pa.Array | None, values: pa.Array, selection: Selection, length: int) -> pa.Array:
    base = pa.nulls(length, pa.string()) if old is None else old.cast(pa.string())
    index = np.full(length, -1, np.int64)
    index[selection.rows] = selection.which
    new = values.take(pa.array(index, mask=index < 0))
    return pc.coalesce(new, base).dictionary_encode()


def rows_with(batch: pa.RecordBatch, name: str, values: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows of a column have one of the values; none when the column is absent."""
    if name not in batch.schema.names:
        return np.zeros(batch.num_rows, np.bool_)
    column = batch.column(name)
    if not pa.types.is_dictionary(column.type):
        return _flags(column, values)
    # Asked once of each distinct value; a null has index -1 and takes the last flag, which is false.
    wanted = np.append(_flags(column.dictionary, values), False)
    if not wanted.any():
        return np.zeros(batch.num_rows, np.bool_)
    mask: NDArray[np.bool_] = wanted[column.indices.fill_null(-1).to_numpy()]
    return mask


def _flags(strings: pa.Array, values: Sequence[str]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.is_in(strings, value_set=pa.array(values)).to_numpy(zero_copy_only=False)
    return found


def _taken(batch: pa.RecordBatch, name: str, rows: NDArray[np.int64]) -> pa.Array:
    """A column's selected rows; nulls when it is absent."""
    if name not in batch.schema.names:
        return pa.nulls(rows.size, schema.lake_type("activity", name))
    return batch.column(name).take(pa.array(rows))


def _distinct(columns: list[pa.Array], length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First row of each distinct combination, in order of appearance, and for each row which one it is."""
    which, span = np.zeros(length, np.int64), 1
    for column in columns:
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        base = len(encoded.dictionary) + 1
        if span * base >= 2**63:  # numbered afresh, so that the next product fits
            distinct, which = np.unique(which, return_inverse=True)
            span = distinct.size
        which = which * base + encoded.indices.fill_null(-1).to_numpy() + 1
        span *= base
    _, first, which = np.unique(which, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return first[order], rank[which]


def _asked(row: dict[str, Any]) -> Asked:
    return Asked(
        run=row["agent_run"],
        process_key=row["process_key"],
        pid=row["pid"],
        rule=row["rule"],
        policy=row["policy"],
        verdict=row["verdict"],
        enforced_at=row["enforced_at"] or "none",
        object=_object(row),
        network=row["class"] == "network",
        errno=row["errno"],
        operation=row["operation"],
        uid=row["uid"],
        parent_key=row["parent_key"],
        exe=row["exe"],
        action=row["action"],
        file=None if row["class"] == "network" or row["path"] == MANY else row["path_to"] or row["path"],
        inode=None if row["dev"] is None or row["ino"] is None else (row["dev"], row["ino"]),
    )


def _object(row: dict[str, Any]) -> str | None:
    """The path, or the address as people write it."""
    if row["dst_ip"] is None:
        path: str | None = row["path"]
        return path
    address = f"[{row['dst_ip']}]" if ":" in row["dst_ip"] else row["dst_ip"]
    return address if row["dst_port"] is None else f"{address}:{row['dst_port']}"
