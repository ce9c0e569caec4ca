"""Any column of an answer as cells that a browser shows as they are.

Questions of pages give texts, numbers and times. A person's SQL may give anything: lists, structures, decimals, intervals, bytes, two columns
of one name. What a grid has no cell for becomes text here, with every character visible.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.escape import visible

NAMING = ("_key", "_ns", "_pid", "_port", "_uid")
NAMES = frozenset({"pid", "tid", "uid", "ino", "dev", "seq", "cpu"})
"""Numbers that name something: nobody adds them up, and no thousands are separated in them."""
EXACT = 2**53
"""A browser's whole numbers end here."""


def table(rows: pa.Table) -> pa.Table:
    """The same rows with columns that can be shown, of names that differ."""
    columns = [column(name, values) for name, values in zip(rows.column_names, rows.columns, strict=True)]
    return pa.Table.from_arrays(columns, names=headings(rows.column_names))


def headings(names: Sequence[str]) -> list[str]:
    """Names that can be shown, each once: a second ``a`` is ``a (2)``."""
    found: list[str] = []
    for name in names:
        plain = visible(name) or "(no name)"
        number = 1
        unique = plain
        while unique in found:
            number += 1
            unique = f"{plain} ({number})"
        found.append(unique)
    return found


def column(name: str, values: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """One column as cells."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return column(name, values.cast(kind.value_type))
    if is_text(kind):
        return _visible(values.cast(pa.string()))
    if pa.types.is_integer(kind):
        return values.cast(pa.string()) if _is_name(name) or _beyond(values) else values
    if (pa.types.is_timestamp(kind) and kind.unit != "ns") or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return values
    return _visible(texts(values))


def texts(values: pa.ChunkedArray) -> pa.Array:
    """What has no cell of its own, as text: nested values as JSON, bytes in hexadecimal, anything else as Python writes it."""
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return values.cast(pa.string())
    return pa.array([None if v is None else text(v) for v in values.to_pylist()], pa.string())


def text(value: Any) -> str:
    """One value as text."""
    if isinstance(value, (list, dict, tuple)) and not hasattr(value, "_fields"):
        return json.dumps(value, ensure_ascii=False, default=text)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds texts, in any of Arrow's ways to keep them."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def replaced(rows: pa.Table, change: Callable[[str, pa.ChunkedArray], pa.ChunkedArray]) -> pa.Table:
    """The same rows with each column changed; names may repeat."""
    columns = [change(name, values) for name, values in zip(rows.column_names, rows.columns, strict=True)]
    return pa.Table.from_arrays(columns, names=rows.column_names)


def _visible(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Each distinct text is looked at once."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    coded = whole.dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    known = pa.array([None if v is None else visible(v) for v in coded.dictionary.to_pylist()], pa.string())
    return known.take(coded.indices)


def _is_name(name: str) -> bool:
    return name.endswith(NAMING) or name in NAMES


def _beyond(values: pa.ChunkedArray) -> bool:
    ends = pc.min_max(values)
    least, most = ends["min"].as_py(), ends["max"].as_py()
    return least is not None and (most > EXACT or least < -EXACT)
