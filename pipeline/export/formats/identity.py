"""What a sink wants to know of an event beside its payload: its id, its time and how bad it is.

The id is made of the row alone: whoever sends a row twice sends the same id, so that a receiver can drop the second
(Elasticsearch by ``_id``, others in a query). Rows have names of their own in the lake; only a row that lacks its
name is called by a digest of what it says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.export.formats import leaves
from pipeline.export.formats.escapes import JSON
from pipeline.export.formats.joining import Coded, Fragment, everywhere, joined
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.repeats import once
from pipeline.export.formats.rows import Rows, pieces
from pipeline.export.formats.tree import Object
from pipeline.export.formats.writing import written

LONGEST = 255
"""Bytes of an id; a longer one becomes a digest. Elasticsearch takes 512."""

_NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "activity": (("boot_id", "source", "seq"), ("cpu", "class")),
    "runs": (("run", "state"), ("time",)),
    "processes": (("process_key", "time"), ()),
    "findings": (("id",), ()),
    "actions": (("id", "phase"), ("time",)),
    "coverage": (("boot_id", "source", "since"), ("cpu", "class", "reason")),
    "policies": (("version", "time"), ("host", "file")),
    "requests": (("id", "state"), ("time",)),
    "console": (("id",), ()),
}
"""For each table the columns that name a row: those that it must have, and those that may be NULL."""

_TIMES = {"coverage": ("until", "since"), "activity": ("time",)}
_ROWS_AT_ONCE = 65536
_DIGITS = 20
"""Characters of a 64-bit number."""

ENVELOPE = pa.schema([("id", pa.string()), ("time", schema.TIME), ("severity", pa.int64())])
"""Shape of ``envelope``; ``severity`` is the position in ``schema.SEVERITIES``."""


def envelope(table: str, rows: pa.Table) -> pa.Table:
    """Id, time and severity of each row, in their order; only the time can be NULL."""
    name, time, severity = event_id(table), event_time(table), severity_level(table)
    parts = [
        pa.table([leaf.make(piece) for leaf in (name, time, severity)], schema=ENVELOPE)
        for piece in pieces(table, rows, _ROWS_AT_ONCE)
    ]
    return pa.concat_tables(parts) if parts else ENVELOPE.empty_table()


@cache
def event_id(table: str) -> Leaf:
    """The id of a row, as text; never NULL."""
    needed, optional = _NAMES[table]
    every = leaves.of_columns(table, (c.name for c in schema.TABLES[table]))

    def made(rows: Rows) -> pa.Array:
        parts = [_part(rows, name) for name in needed] + [_part(rows, name).fill_null("-") for name in optional]
        names = pc.binary_join_element_wise(*parts, "/", null_handling="emit_null")
        length = pc.binary_length(names)
        nameless = pc.fill_null(pc.or_(pc.greater(length, LONGEST), pc.equal(length, 0)), fill_value=True)
        return names if not pc.any(nameless).as_py() else _digested(names, nameless, every, rows)

    return _Name((*needed, *optional), made, often_new=True, needed=len(needed))


@dataclass(frozen=True, eq=False)
class _Name(Leaf):
    """An id of which the last of the needed columns is a number that tells rows apart, and the others repeat.

    Then only the number is written for each row. Everything else takes the way of a leaf.
    """

    needed: int = 0

    def pieces(self, rows: Rows, before: str) -> list[Fragment]:
        """What repeats before the number, the number, and what repeats behind it."""
        *front, last = self.columns[: self.needed]
        numbers = rows.plain(last)
        if numbers is None or numbers.null_count or not pa.types.is_integer(numbers.type) or not front:
            return super().pieces(rows, before)
        head = once(_Columns(tuple(front)), rows, before + '"', partial(_front, front))
        tail = once(_Columns(self.columns[self.needed :]), rows, "", partial(_back, self.columns[self.needed :]))
        if not everywhere(head) or _longest(head) + _DIGITS + _longest(tail) > LONGEST:
            return super().pieces(rows, before)
        return [head, numbers.cast(pa.string()), tail]


@dataclass(frozen=True)
class _Columns:
    columns: tuple[str, ...]


def _front(columns: Sequence[str], rows: Rows, before: str) -> Fragment:
    return joined([before, *(piece for name in columns for piece in (JSON(_part(rows, name)), "/"))])


def _back(columns: Sequence[str], rows: Rows, before: str) -> Fragment:
    parts = [piece for name in columns for piece in ("/", JSON(_part(rows, name).fill_null("-")))]
    return joined([before, *parts, '"'])


def _longest(part: Fragment) -> int:
    """Bytes of the longest text; those of what stands around it count, which only makes some ids take the longer way."""
    if isinstance(part, str):
        return len(part.encode())
    return int(pc.max(pc.binary_length(part.texts if isinstance(part, Coded) else part)).as_py())


def _part(rows: Rows, name: str) -> pa.Array:
    values = rows.plain(name)
    if values is None:
        return pa.nulls(len(rows), pa.string())
    return (values.cast(pa.int64()) if pa.types.is_timestamp(values.type) else values).cast(pa.string())


def _digested(names: pa.Array, nameless: pa.Array, every: Object, rows: Rows) -> pa.Array:
    """Nameless rows get a digest of all that they say."""
    positions = pc.indices_nonzero(nameless).to_numpy()
    said = written(every, rows.take(positions)).to_pylist()
    digests = ["row:" + hashlib.sha256((text or "").encode()).hexdigest() for text in said]
    return pc.replace_with_mask(names, nameless, pa.array(digests, pa.string()))


def event_time(table: str) -> Leaf:
    """When it happened (``schema.TIME``), by the first of the table's clocks that tells."""
    columns = _TIMES.get(table, ("time",))

    def made(rows: Rows) -> pa.Array:
        clocks = [values for name in columns if (values := rows.plain(name)) is not None]
        if table == "activity" and (exact := rows.plain("time_ns")) is not None:
            clocks.append(pc.divide(exact, 1000).cast(schema.TIME))
        return leaves.clamped(pc.coalesce(*clocks)) if clocks else pa.nulls(len(rows), schema.TIME)

    return Leaf((*columns, "time_ns") if table == "activity" else columns, made, often_new=True)


@cache
def event_moment(table: str) -> Leaf:
    """``event_time`` in ISO 8601; the beginning of 1970 where no clock told any, since every format wants a time."""
    leaf = event_time(table)

    def made(rows: Rows) -> pa.Array | None:
        times = leaf.make(rows)
        return None if times is None else leaves.iso_text(times.fill_null(_EPOCH))

    return Leaf(leaf.columns, made, often_new=True)


@cache
def event_milliseconds(table: str) -> Leaf:
    """``event_time`` in milliseconds since 1970, rounded down; 0 where no clock told any."""
    leaf = event_time(table)

    def made(rows: Rows) -> pa.Array:
        return leaves.milliseconds(leaf.make(rows)).fill_null(0)

    return Leaf(leaf.columns, made, often_new=True)


_EPOCH = pa.scalar(0, pa.int64()).cast(schema.TIME)

_SEVERITY_OF = {name: level for level, name in enumerate(schema.SEVERITIES)}
_LEVELS_BY_VALUE: dict[str, tuple[str, dict[str, leaves.Value]]] = {
    "activity": ("severity", dict(_SEVERITY_OF)),
    "findings": ("severity", dict(_SEVERITY_OF)),
    "actions": ("action", {"deny": 2, "ask": 2, "freeze": 3, "quarantine": 3, "isolate": 3, "kill": 3}),
    "requests": ("state", {"waiting": 2}),
    "policies": ("state", {"refused": 2}),
}


@cache
def severity_level(table: str) -> Leaf:
    """Position in ``schema.SEVERITIES``: the rule's own; else by what was done, asked, refused or lost."""
    if table == "coverage":
        return leaves.derived_or("lost", lambda lost: pc.if_else(pc.greater(lost.fill_null(0), 0), 2, 0), 0)
    if table not in _LEVELS_BY_VALUE:
        return leaves.constant(0)
    column, levels = _LEVELS_BY_VALUE[table]
    return leaves.choice(column, levels, 0, 0)
