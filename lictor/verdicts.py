"""Verdicts of a trace, summed up: what is expected of a recorded session, and where a replay differs.

``expected.json`` is a JSON array with one object per distinct (operation, object, program,
verdict, rule) and the number of rows. Neither the order of the array nor of the rows in the
trace matters; every row counts, so a replay either gives exactly this or differs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lictor.errors import LictorError
from lictor.values import json_text
from pipeline import schema

KEYS = ("operation", "path", "path_to", "dst", "src", "exe", "verdict", "rule")
"""``dst`` is address and port of a peer, ``src`` the local ones where a program takes an address
(bind, listen). A key that is NULL is left out, except ``verdict``."""

_OWN_ADDRESS = ("net.bind", "net.listen")
DENIED = tuple(schema.VERDICTS[schema.VERDICTS.index("deny") :])
"""Verdicts by which something does not happen."""

Sums = dict[tuple[str | None, ...], int]
"""Values of ``KEYS`` → number of rows."""


class Tally:
    """Sums up judged batches; memory grows with the distinct verdicts, not with the rows."""

    def __init__(self) -> None:
        self._sums: pa.Table | None = None

    def add(self, part: pa.RecordBatch) -> None:
        """Count the rows of one judged ``activity`` batch."""
        keyed = pa.table({name: _key(part, name) for name in KEYS} | {"count": pa.repeat(1, part.num_rows)})
        parts = [keyed] if self._sums is None else [self._sums, keyed]
        self._sums = _summed(pa.concat_tables(parts))

    def sums(self) -> Sums:
        """What was counted."""
        rows = [] if self._sums is None else self._sums.to_pylist()
        return {tuple(row[k] for k in KEYS): row["count"] for row in rows}


def expected_text(sums: Sums) -> str:
    """``expected.json`` for these sums: one object a line, sorted, so that a change reads well in a diff."""
    rows = [_object(key, {"count": count}) for key, count in sorted(sums.items(), key=_sort_key)]
    return "[\n" + ",\n".join(map(json_text, rows)) + "\n]\n" if rows else "[]\n"


def read_expected(text: str, filename: str) -> Sums:
    """Sums from the text of an ``expected.json``; raises ``LictorError`` naming the entry that is wrong."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LictorError(f"{filename}: no JSON: {error}; write it anew with lictor replay --write-expected") from error
    if not isinstance(rows, list):
        raise LictorError(f"{filename}: want a JSON array of expected verdicts")
    sums: Sums = {}
    for number, row in enumerate(rows, 1):
        problem = _problem(row)
        if problem:
            raise LictorError(f"{filename}: entry {number}: {problem}")
        key = tuple(row.get(k) for k in KEYS)
        sums[key] = sums.get(key, 0) + row["count"]
    return sums


def differences(expected: Sums, found: Sums) -> list[dict[str, Any]]:
    """One object per entry whose number of rows differs, with ``expected`` and ``found``; empty when all agree."""
    keys = sorted(set(expected) | set(found), key=lambda k: _sort_key((k, 0)))
    counts = [(k, expected.get(k, 0), found.get(k, 0)) for k in keys]
    return [_object(key, {"expected": want, "found": got}) for key, want, got in counts if want != got]


def denied(part: pa.RecordBatch) -> pa.RecordBatch:
    """The rows whose verdict is deny or stronger."""
    if "verdict" not in part.schema.names:
        return part.slice(0, 0)
    return part.filter(pc.is_in(part.column("verdict").cast(pa.string()), pa.array(DENIED)))


def endpoint(part: pa.RecordBatch | pa.Table, side: str) -> pa.Array:
    """``192.0.2.1:443`` or ``[2001:db8::1]:443`` of a batch's ``dst`` or ``src`` side; NULL without an address."""
    ip, port = _text(part, f"{side}_ip"), _column(part, f"{side}_port", pa.int32())
    bracketed = pc.if_else(pc.match_substring(ip, ":"), pc.binary_join_element_wise("[", ip, "]", ""), ip)
    return pc.coalesce(pc.binary_join_element_wise(bracketed, port.cast(pa.string()), ":"), ip)


def _key(part: pa.RecordBatch, name: str) -> pa.Array:
    if name == "dst":
        return endpoint(part, "dst")
    if name == "src":
        own = pc.is_in(_text(part, "operation"), pa.array(_OWN_ADDRESS))
        return pc.if_else(own, endpoint(part, "src"), pa.scalar(None, pa.string()))
    return _text(part, name)


def _summed(table: pa.Table) -> pa.Table:
    grouped = table.group_by(list(KEYS)).aggregate([("count", "sum")])
    return grouped.rename_columns([*KEYS, "count"])


def _text(part: pa.RecordBatch | pa.Table, name: str) -> pa.Array:
    return _column(part, name, pa.string())


def _column(part: pa.RecordBatch | pa.Table, name: str, type_: pa.DataType) -> pa.Array:
    return part.column(name).cast(type_) if name in part.schema.names else pa.nulls(part.num_rows, type_)


def _object(key: tuple[str | None, ...], counts: Mapping[str, int]) -> dict[str, Any]:
    named = zip(KEYS, key, strict=True)
    return {k: v for k, v in named if v is not None or k == "verdict"} | dict(counts)


def _sort_key(entry: tuple[tuple[str | None, ...], int]) -> tuple[str, ...]:
    return tuple(value or "" for value in entry[0])


def _problem(row: object) -> str | None:
    if not isinstance(row, dict):
        return "want an object"
    unknown = set(row) - {*KEYS, "count"}
    if unknown:
        return f"unknown key {min(unknown)!a}; known here: {', '.join(KEYS)}, count"
    if not all(v is None or isinstance(v, str) for v in map(row.get, KEYS)):
        return "every value but count is text"
    if row.get("operation") not in schema.OPERATION_BY_NAME:
        return f"operation {row.get('operation')!a} is not in the activity schema"
    if row.get("verdict") not in {None, *schema.VERDICTS}:
        return f"unknown verdict {row.get('verdict')!a}"
    count = row.get("count")
    return (
        None if isinstance(count, int) and count is not True and count >= 1 else "count is a number of rows, at least 1"
    )
