"""Facts that several formats want of a row and no column states: names in paths, addresses, errors, what was done.

Each is a leaf or makes one, so that every format tells the same.
"""

from __future__ import annotations

import errno
import functools
import ipaddress
import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import Value, choice, derived, text
from pipeline.export.formats.rows import Rows

STRONG = ("ask", "deny", "freeze", "quarantine", "isolate", "kill")
"""Verdicts that are more than a note."""

_NO_TEXT = pa.scalar(None, pa.string())
_KEY_BYTES = 8
_UUID_SHAPE = b"00000000-0000-0000-0000-000000000000"
_UUID_PLACES = (*range(19, 23), *range(24, 36))
_HEX = np.frombuffer(b"".join(b"%02x" % i for i in range(256)), "S2")


def basename(path: str | Leaf) -> Leaf:
    """The last part of a path (a column or leaf); the whole of it where it is nothing but slashes."""
    return derived(path, _last_part)


def dirname(path: str | Leaf) -> Leaf:
    """The path without its last part; NULL where it has one part only."""
    return derived(path, _first_part)


def where_operation(column: str, operations: tuple[str, ...], *, inside: bool = True) -> Leaf:
    """A text column in the rows of these operations, or in all the others."""
    wanted = pa.array(operations)

    def made(rows: Rows) -> pa.Array | None:
        values, done = rows.plain(column), rows.plain("operation")
        if values is None or done is None:
            return None if inside else values
        return pc.if_else(pc.equal(pc.is_in(done, wanted), inside), values, _NO_TEXT)

    return Leaf((column, "operation"), made)


def _last_part(paths: pa.Array) -> pa.Array:
    trimmed, lists = _halves(paths)
    if not len(lists.values):
        return paths
    ends = np.maximum(lists.offsets.to_numpy()[1:] - 1, 0)
    last = pc.if_else(trimmed.is_valid(), lists.values.take(pa.array(ends)), _NO_TEXT)
    return pc.if_else(pc.equal(last, ""), paths, last)


def _first_part(paths: pa.Array) -> pa.Array:
    _, lists = _halves(paths)
    starts = np.minimum(lists.offsets.to_numpy()[:-1], max(len(lists.values) - 1, 0))
    two = pc.fill_null(pc.equal(pc.list_value_length(lists), 2), fill_value=False)
    if not len(lists.values):
        return pa.nulls(len(paths), pa.string())
    first = pc.if_else(two, lists.values.take(pa.array(starts)), _NO_TEXT)
    return pc.if_else(pc.equal(first, ""), "/", first)


def _halves(paths: pa.Array) -> tuple[pa.Array, pa.ListArray]:
    """The paths without slashes at their end, split at the last one that is left: five times as fast as a pattern."""
    trimmed = pc.ascii_rtrim(paths, "/")
    return trimmed, pc.split_pattern(trimmed, "/", max_splits=1, reverse=True)


def address(column: str, version: int | None = None) -> Leaf:
    """An IP address in its canonical form; NULL where the text is none, or of another version than the wanted one."""
    mark = {4: ".", 6: ":"}.get(version or 0, "")

    def made(texts: pa.Array) -> pa.Array:
        found = [a if (a := _address(t)) is not None and mark in a else None for t in texts.to_pylist()]
        return pa.array(found, pa.string())

    return derived(column, made)


@functools.lru_cache(65536)
def _address(value: str | None) -> str | None:
    """Without zone (``%eth0``): none of the formats has a place for it."""
    try:
        return None if value is None else str(ipaddress.ip_address(value.partition("%")[0]))
    except ValueError:
        return None


def ip_version(column: str) -> Leaf:
    """4 or 6."""
    leaf = address(column)

    def made(rows: Rows) -> pa.Array | None:
        texts = leaf.make(rows)
        return None if texts is None else pc.if_else(pc.match_substring(texts, ":"), 6, 4)

    return Leaf((column,), made)


def joined(columns: tuple[str, ...], between: str) -> Leaf:
    """Columns as one text; NULL where one of them is."""

    def made(rows: Rows) -> pa.Array | None:
        parts = [values for column in columns if (values := rows.plain(column)) is not None]
        if len(parts) < len(columns):
            return None
        return pc.binary_join_element_wise(*(part.cast(pa.string()) for part in parts), between)

    return Leaf(columns, made)


def listed(column: str) -> Leaf:
    """Comma-separated text as a list of JSON texts."""

    def made(sets: pa.Array) -> pa.Array:
        return pa.array([None if s is None else json.dumps(s.split(",")) for s in sets.to_pylist()], pa.string())

    return replace(derived(column, made), is_json=True)


def port(column: str) -> Leaf:
    """A port; NULL where the number is none."""

    def made(numbers: pa.Array) -> pa.Array:
        fits = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, 65536))
        return pc.if_else(fits, numbers, pa.scalar(None, numbers.type))

    return derived(column, made)


def where_any(leaf: Leaf, others: tuple[Leaf, ...]) -> Leaf:
    """A leaf in the rows where one of the others has a value."""

    def made(rows: Rows) -> pa.Array | None:
        values = leaf.make(rows)
        there = [found.is_valid() for other in others if (found := other.make(rows)) is not None]
        if values is None or not there:
            return None
        return pc.if_else(functools.reduce(pc.or_, there), values, pa.scalar(None, values.type))

    return Leaf(_columns((leaf, *others)), made)


def unfit(column: str, told: Leaf) -> Leaf:
    """A column in the rows where another leaf could not tell it: what a format refuses shall not be lost."""

    def made(rows: Rows) -> pa.Array | None:
        values, good = rows.plain(column), told.make(rows)
        if values is None or good is None:
            return values
        return pc.if_else(good.is_valid(), pa.scalar(None, values.type), values)

    return Leaf(_columns((told,), column), made)


def unfit_network() -> dict[str, Leaf]:
    """Texts that are no addresses and numbers that are no ports or sizes, by column."""
    return {
        "src_ip": unfit("src_ip", address("src_ip")),
        "src_port": unfit("src_port", port("src_port")),
        "dst_port": unfit("dst_port", port("dst_port")),
        "bytes": unfit("bytes", natural("bytes")),
    }


def _columns(leaves_: tuple[Leaf, ...], *more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*more, *(c for leaf in leaves_ for c in leaf.columns))))


def natural(column: str) -> Leaf:
    """A number that cannot be below zero; NULL where it is."""
    return derived(column, lambda n: pc.if_else(pc.greater_equal(n, 0), n, pa.scalar(None, n.type)))


def key(column: str) -> Leaf:
    """A process key in decimal: as a number most readers of JSON would round it. 0 means that it is not known."""
    return derived(column, lambda keys: _known_keys(keys).cast(pa.string()))


def _known_keys(keys: pa.Array) -> pa.Array:
    return pc.if_else(pc.not_equal(keys, 0), keys, pa.scalar(None, keys.type))


def uuid(column: str) -> Leaf:
    """A 64-bit key as the low half of a UUID, for formats that want keys in this shape."""
    return derived(column, lambda keys: _uuids(_known_keys(keys)))


def _uuids(keys: pa.Array) -> pa.Array:
    bytes_ = keys.fill_null(0).to_numpy().astype(">i8").view(np.uint8).reshape(-1, _KEY_BYTES)
    made = np.tile(np.frombuffer(_UUID_SHAPE, np.uint8), (len(keys), 1))
    made[:, _UUID_PLACES] = _HEX[bytes_].view(np.uint8).reshape(-1, 2 * _KEY_BYTES)
    offsets = np.arange(len(keys) + 1, dtype=np.int32) * len(_UUID_SHAPE)
    texts = pa.StringArray.from_buffers(len(keys), pa.py_buffer(offsets), pa.py_buffer(made))
    return pc.if_else(keys.is_valid(), texts, _NO_TEXT)


def error_name(column: str) -> Leaf:
    """``ENOENT`` and so on; the number as text where it has no name, NULL for 0."""

    def made(numbers: pa.Array) -> pa.Array:
        numbers = pc.if_else(pc.not_equal(numbers, 0), numbers, pa.scalar(None, numbers.type))
        found = _error_names().take(pc.index_in(numbers.cast(pa.int64()), _error_numbers()))
        return pc.coalesce(found, numbers.cast(pa.string()))

    return derived(column, made)


@functools.cache
def _error_numbers() -> pa.Array:
    return pa.array(errno.errorcode, pa.int64())


@functools.cache
def _error_names() -> pa.Array:
    return pa.array(errno.errorcode.values(), pa.string())


def file_kind(column: str, kinds: dict[str, Value], other: Value = None) -> Leaf:
    """What sort of file ``mode`` says it is; ``kinds`` has a value for each name of ``_KINDS``."""
    return choice(_kind_name(column), kinds, other, other)


_KINDS = {0o14: "socket", 0o12: "symlink", 0o10: "file", 0o6: "block", 0o4: "directory", 0o2: "character", 0o1: "fifo"}
"""The upper four bits of a mode (stat(2), ``S_IFMT``)."""


def _kind_name(column: str) -> Leaf:
    names = pa.array([_KINDS.get(i) for i in range(16)], pa.string())
    return derived(column, lambda modes: names.take(pc.bit_wise_and(pc.shift_right(modes, 12), 15)))


def permissions(column: str) -> Leaf:
    """The permission bits of ``mode`` as chmod(1) writes them: four octal digits."""
    names = pa.array([f"{bits:04o}" for bits in range(0o10000)], pa.string())
    return derived(column, lambda modes: names.take(pc.bit_wise_and(modes, 0o7777)))


def pick(numbers: pa.Array, above: Value, otherwise: Value) -> pa.Array:
    """One value where a number is above zero, another where it is not or NULL."""
    return pc.if_else(pc.fill_null(pc.greater(numbers, 0), fill_value=False), above, otherwise)


def control(*, allowed: Value, audited: Value, noted: Value, done: dict[str, Value], failed: Value) -> Leaf:
    """What came of a verdict, as a value for each case; NULL without verdict.

    ``noted``: the verdict asks for more than a note and nothing was done (audit mode). ``done``: it was done, by
    verdict. ``failed``: it was tried and did not work.
    """
    strong = {verdict: f"done {verdict}" for verdict in STRONG}
    outcomes = {"allow": "allow", "audit": "audit", "noted": "noted", "failed": "failed"} | {
        s: s for s in strong.values()
    }
    values = {"allow": allowed, "audit": audited, "noted": noted, "failed": failed}
    return choice(_outcome(strong), {name: values.get(name, done.get(name.removeprefix("done "))) for name in outcomes})


def _outcome(strong: dict[str, str]) -> Leaf:
    verdict = choice(text("verdict"), {"allow": "allow", "audit": "audit"} | strong)

    def made(rows: Rows) -> pa.Array | None:
        said, acted, seen = verdict.make(rows), rows.plain("action"), rows.plain("enforcement")
        if said is None:
            return None
        asked = pc.starts_with(said, "done ")
        nothing = pc.is_null(acted) if acted is not None else pa.repeat(pa.scalar(value=True), len(rows))
        made_ = pc.if_else(pc.and_(asked, nothing), "noted", said)
        broke = pc.fill_null(pc.equal(seen, "failed"), fill_value=False) if seen is not None else False
        return pc.if_else(pc.and_(asked, broke), "failed", made_)

    return Leaf(("verdict", "action", "enforcement"), made)
