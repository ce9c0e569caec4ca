"""Bytes on the wire from whole columns: no loop over events, and nothing between two events but what the sink put there.

Arrow joins the columns of a batch into one binary column, whose data buffer is the text to send.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.formats.escapes import JSON

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.export.sinks.interface import Batch


def rows_of(*parts: Any) -> pa.Array:
    """The parts of each row joined (``binary``); a part is a column (``pa.Array``) or the same bytes for every row. NULL is nothing."""
    columns = [pa.scalar(p, pa.binary()) if isinstance(p, bytes) else _binary(p) for p in parts]
    return pc.binary_join_element_wise(*columns, pa.scalar(b"", pa.binary()), null_handling="replace")


def wire(rows: pa.Array) -> memoryview:
    """All values of a ``binary`` array, one behind the other, without copying."""
    _, offsets, data = rows.buffers()
    if data is None or not len(rows):
        return memoryview(b"")
    bounds = np.frombuffer(offsets, np.int32)
    return memoryview(data)[int(bounds[rows.offset]) : int(bounds[rows.offset + len(rows)])]


def lines(batch: Batch) -> memoryview:
    """Each payload and a line feed."""
    return wire(rows_of(batch.payloads, b"\n"))


def array(batch: Batch) -> bytes:
    """The payloads, each one JSON value, as one JSON array."""
    return b"[" + bytes(wire(rows_of(batch.payloads, b",")))[:-1] + b"]"


def by_distinct(values: pa.Array, text: Callable[[str | None], str]) -> pa.Array:
    """What ``text`` makes of each value, asked once per distinct value (``string``)."""
    coded = values.dictionary_encode(null_encoding="encode")
    made = pa.array([text(v) for v in coded.dictionary.to_pylist()], pa.string())
    return made.take(coded.indices)


def json_string(value: str | None) -> str:
    """A JSON string literal, ASCII only; ``null`` for none."""
    return json.dumps(value)


def json_inner(values: pa.Array) -> pa.Array:
    """Texts as they stand between the quotes of JSON strings (``string``)."""
    return JSON(values)


def events(batch: Batch) -> pa.Array:
    """Each payload as a JSON value: itself where it is one, else a string literal."""
    if batch.json:
        return batch.payloads
    return rows_of(b'"', JSON(batch.payloads.cast(pa.string())), b'"')


def seconds(times: pa.Array) -> pa.Array:
    """Times as decimal seconds since 1970 with microseconds (``string``), exact; NULL stays NULL."""
    micros = times.cast(pa.int64())
    whole = pc.floor(pc.divide(micros.cast(pa.float64()), 1e6)).cast(pa.int64())
    rest = pc.subtract(micros, pc.multiply(whole, 1_000_000))
    return pc.binary_join_element_wise(
        whole.cast(pa.string()), pc.utf8_lpad(rest.cast(pa.string()), 6, "0"), pa.scalar("."), null_handling="emit_null"
    )


def _binary(column: pa.Array) -> pa.Array:
    return column if column.type == pa.binary() else column.cast(pa.binary())
