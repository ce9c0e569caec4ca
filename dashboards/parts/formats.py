"""Rows as the bytes of a file: CSV that no spreadsheet runs, JSON that every reader takes, Parquet with the lake's own types.

A cell that a spreadsheet would take for a formula gets a quote in front, since an agent can name a file ``=cmd|…``. JSON and Parquet hold rows as
they are: whole numbers with every digit, and no NaN, for which JSON has no word.
"""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from dashboards.parts import cells

FORMATS = {
    "CSV": ("csv", "text/csv"),
    "JSON": ("json", "application/json"),
    "Parquet": ("parquet", "application/vnd.apache.parquet"),
}
"""Ending of the file's name and media type of each."""

FORMULA = "=+-@\t\r\n＝＋－＠"
"""First characters of a cell that a spreadsheet may run; the wide ones are taken for the others by some."""
_FORMULA = f"^[{FORMULA}]".replace("+-@", r"+\-@")
_BATCH = 5000


def made(rows: pa.Table, kind: str) -> bytes:
    """Rows in a format of ``FORMATS``."""
    sink = io.BytesIO()
    {"CSV": _csv, "JSON": _json, "Parquet": _parquet}[kind](rows, sink)
    return sink.getvalue()


def defused(rows: pa.Table) -> pa.Table:
    """The same rows as CSV has them: lists as JSON, and no cell or heading that a spreadsheet would run."""
    columns = [_harmless(_flat(values)) for values in rows.columns]
    names = [("'" if name[:1] in FORMULA else "") + name for name in _unique(rows)]
    return pa.Table.from_arrays(columns, names=names)


def _csv(rows: pa.Table, sink: io.BytesIO) -> None:
    pyarrow.csv.write_csv(defused(rows), sink)


def _json(rows: pa.Table, sink: io.BytesIO) -> None:
    named = rows.rename_columns(_unique(rows))
    begin = "[\n"
    for batch in named.to_batches(_BATCH):
        for row in batch.to_pylist():
            sink.write(begin.encode() + json.dumps(_fit(row), ensure_ascii=False, default=cells.text).encode())
            begin = ",\n"
    sink.write(b"[]\n" if begin == "[\n" else b"\n]\n")


def _parquet(rows: pa.Table, sink: io.BytesIO) -> None:
    columns = [cells.texts(v) if _not_storable(v.type) else v for v in rows.columns]
    pq.write_table(pa.Table.from_arrays(columns, names=_unique(rows)), sink, compression="zstd")


def _unique(rows: pa.Table) -> list[str]:
    """Names of the columns, each once: what two of one name mean, no reader agrees about."""
    return rows.column_names if len(set(rows.column_names)) == rows.num_columns else cells.headings(rows.column_names)


def _flat(values: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """A column as CSV can have it: a number, a truth or a time as it is, everything else as text."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _flat(values.cast(kind.value_type))
    if cells.is_text(kind):
        return values.cast(pa.string())
    whole = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    return values if whole or pa.types.is_timestamp(kind) else cells.texts(values)


def _harmless(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    if not pa.types.is_string(values.type):
        return values
    risky = pc.match_substring_regex(values, _FORMULA)
    return pc.if_else(risky, pc.binary_join_element_wise("'", values, ""), values)


def _fit(value: Any) -> Any:
    """What JSON can say: a number that is none is null, also deep in a list."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: _fit(v) for k, v in value.items()}
    return [_fit(v) for v in value] if isinstance(value, list | tuple) else value


def _not_storable(kind: pa.DataType) -> bool:
    return bool(pa.types.is_interval(kind) or pa.types.is_union(kind))
