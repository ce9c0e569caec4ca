"""The leaves that every format is built of: one column as text, as a number, as a time, as a choice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.rows import Rows
from pipeline.export.formats.tree import Members, Node, Object

_NAIVE = pa.timestamp("us")
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The years 1 to 9999 in microseconds since 1970: what ISO 8601 can write with four digits."""


def text(column: str) -> Leaf:
    """A text column as it is."""
    return Leaf((column,), lambda rows: rows.plain(column))


def filled(column: str) -> Leaf:
    """A text column; NULL where it is empty."""
    return derived(column, lambda texts: pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts))


def where(leaf: Leaf, word: str) -> Leaf:
    """A word in the rows where a leaf has a value."""

    def made(rows: Rows) -> pa.Array | None:
        values = leaf.make(rows)
        return None if values is None else pc.if_else(values.is_valid(), word, pa.scalar(None, pa.string()))

    return Leaf(leaf.columns, made)


def number(column: str) -> Leaf:
    """A number column as it is: written at once, looking for repetitions costs as much."""
    return Leaf((column,), lambda rows: rows.plain(column), often_new=True)


def digits(column: str) -> Leaf:
    """A whole number as text, where a format wants an identifier or a reader would round it."""
    return derived(column, lambda values: values.cast(pa.string()))


def derived(of: str | Leaf, make: Callable[[pa.Array], pa.Array]) -> Leaf:
    """Something made of one column or leaf."""
    leaf = Leaf((of,), lambda rows: rows.plain(of)) if isinstance(of, str) else of

    def made(rows: Rows) -> pa.Array | None:
        values = leaf.make(rows)
        return None if values is None else make(values)

    return Leaf(leaf.columns, made)


def as_text(leaf: Leaf) -> Leaf:
    """A leaf of whole numbers in decimal."""
    return derived(leaf, lambda values: values.cast(pa.string()))


def derived_or(column: str, make: Callable[[pa.Array], pa.Array], otherwise: int | str) -> Leaf:
    """Something made of one column, and a fixed value where the column is NULL in every row."""
    leaf = derived(column, make)

    def made(rows: Rows) -> pa.Array:
        values = leaf.make(rows)
        return repeated(otherwise, len(rows)) if values is None else values

    return Leaf((column,), made)


Value = int | str | None


def choice(of: str | Leaf, values: Mapping[str, Value], other: Value = None, missing: Value = None) -> Leaf:
    """A value for each text of a column or leaf; ``other`` for a text that is not listed, ``missing`` for NULL."""
    leaf = text(of) if isinstance(of, str) else of
    kind = pa.string() if any(isinstance(v, str) for v in (*values.values(), other, missing)) else pa.int64()
    keys, chosen = pa.array(list(values)), pa.array([*values.values(), other, missing], kind)

    def made(rows: Rows) -> pa.Array | None:
        texts = leaf.make(rows)
        if texts is None:
            return None if missing is None else repeated(missing, len(rows))
        found = pc.index_in(texts, keys).fill_null(len(keys))
        return chosen.take(pc.if_else(texts.is_valid(), found, len(keys) + 1))

    return Leaf(leaf.columns, made)


def repeated(value: int | str, count: int) -> pa.Array:
    """One value as often as there are rows."""
    return pa.repeat(pa.scalar(value), count)


def first(*leaves: Leaf) -> Leaf:
    """The first of several leaves of one type that has a value."""
    columns = tuple(dict.fromkeys(c for leaf in leaves for c in leaf.columns))

    def made(rows: Rows) -> pa.Array | None:
        there = [values for leaf in leaves if (values := leaf.make(rows)) is not None]
        return pc.coalesce(*there) if there else None

    return Leaf(columns, made, often_new=any(leaf.often_new for leaf in leaves))


def constant(value: str | int) -> Leaf:
    """A leaf with the same value in each row; ``first`` wants it at the end."""
    return Leaf((), lambda rows: repeated(value, len(rows)))


def iso(column: str) -> Leaf:
    """A time as ISO 8601 in UTC with microseconds and ``Z``."""
    return Leaf((column,), lambda rows: None if (t := rows.plain(column)) is None else iso_text(t), often_new=True)


def moment(column: str) -> Leaf:
    """A time in milliseconds since 1970."""
    return derived(column, milliseconds)


def milliseconds(times: pa.Array) -> pa.Array:
    """Times in milliseconds since 1970, rounded down, also before 1970."""
    numbers = clamped(times).cast(pa.int64())
    whole = np.floor_divide(numbers.fill_null(0).to_numpy(), 1000)
    return pc.if_else(numbers.is_valid(), whole, pa.scalar(None, pa.int64()))


def iso_text(times: pa.Array) -> pa.Array:
    """``2026-11-26T03:44:57.123456Z``. The cast of a time without zone is twenty times as fast as strftime."""
    written = clamped(times).cast(_NAIVE).cast(pa.string())
    return pc.binary_join_element_wise(pc.binary_replace_slice(written, 10, 11, b"T"), "Z", "")


def clamped(times: pa.Array) -> pa.Array:
    """Times that a calendar can write: what lies outside of the years 1 to 9999 becomes the nearest of them."""
    numbers = times.cast(pa.int64())
    kept = pc.min_element_wise(pc.max_element_wise(numbers, _FIRST, skip_nulls=False), _LAST, skip_nulls=False)
    return kept.cast(times.type)


def opened(column: str) -> Leaf:
    """A column of JSON text as what it holds; as text where it is none that every reader takes."""

    def made(rows: Rows) -> pa.Array | None:
        values = rows.plain(column)
        return (
            None
            if values is None
            else pa.array([None if v is None else _reopened(v) for v in values.to_pylist()], pa.string())
        )

    return Leaf((column,), made, is_json=True)


def _reopened(value: str) -> str:
    """The value written anew, ASCII only: that also folds its line breaks and names each member once."""
    try:
        return json.dumps(json.loads(value, parse_constant=_refuse), allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return json.dumps(value)


def _refuse(constant_: str) -> None:
    raise ValueError(f"{constant_} is no JSON")


def of_column(column: schema.Column) -> Leaf:
    """A column of the schema as plain JSON has it."""
    if column.unit == "JSON":
        return opened(column.name)
    if column.type == schema.TIME:
        return iso(column.name)
    return text(column.name) if column.type == schema.TEXT else number(column.name)


def of_columns(
    table: str, names: Iterable[str], more: Mapping[str, Node] | None = None, groups: Sequence[Members] = ()
) -> Object:
    """These columns of a table as plain JSON has them, under their own names, with other members and groups."""
    wanted = set(names)
    members: dict[str, Node] = {c.name: of_column(c) for c in schema.TABLES[table] if c.name in wanted}
    together = [[name for name in group if name in members] for group in _TOGETHER.get(table, ())]
    grouped = {name for group in together for name in group}
    return Object(
        {name: node for name, node in members.items() if name not in grouped} | dict(more or {}),
        groups=[*groups, *(Members({name: members[name] for name in group}) for group in together if group)],
    )


def rest(
    table: str,
    nodes: Iterable[Node],
    kept: Iterable[str],
    more: Mapping[str, Node],
    groups: Sequence[Members] = (),
) -> Object:
    """The columns that none of the nodes is made of, and those in ``kept``, of which the nodes say only a part.

    So nothing of a row is lost for want of a field. ``more`` are further members, ``groups`` columns told already.
    """
    used = {name for node in nodes for name in node.columns} - set(kept)
    used |= {name for group in groups for name in group.columns}
    return of_columns(table, [c.name for c in schema.TABLES[table] if c.name not in used], more, groups)


_WHO = (
    "host", "boot_id", "source", "agent", "agent_version", "agent_run", "initiator", "initiator_evidence", "user", "uid",
    "container", "cgroup", "exe", "parent_exe", "exe_sha256", "cmdline", "cmdline_bytes", "cwd", "process_key", "pid", "parent_key",
)  # fmt: skip
_WHAT = (
    "cpu", "class", "operation", "intent", "outcome", "errno", "exit_code", "signal", "dev", "open_flags", "mode", "labels",
    "protocol", "dst_name_from", "conversation", "tool_call", "tool", "trace_id", "span_id", "join_confidence", "marks",
    "verdict", "rule", "policy", "policy_version", "severity", "action", "enforced_at", "enforcement", "quality",
)  # fmt: skip
_TOGETHER = {"activity": (_WHO, _WHAT)}
"""Columns of a million events that take few values together: those of the process, and those of the kind of act."""
