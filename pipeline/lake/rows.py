"""Rows on their way into the log: only columns that say something, in the types of memory.

A batch may come sparse or full, its strings plain or dictionary-encoded, its dictionaries shared
with a million other rows. The log wants few bytes and few frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.ma  # numpy imports it when it first looks for distinct values; in a worker that is locked down by then, too late
import pyarrow as pa

from pipeline import schema
from pipeline.coded import sound

if TYPE_CHECKING:
    from collections.abc import Sequence

_MEMORY = {table: {f.name: f.type for f in schema.memory_schema(table)} for table in schema.TABLES}
_SPARE_ENTRIES = 1024


def tidy(table: str, part: pa.RecordBatch | pa.Table) -> pa.Table:
    """The same rows without all-NULL columns, strings dictionary-encoded (int32), dictionaries no
    larger than needed. Raises ``KeyError`` for an unknown table or column, ``TypeError`` for a type.
    """
    types = _MEMORY[table]
    arrays, names = [], []
    for name in part.schema.names:
        if name not in types:
            raise KeyError(f"{table} has no column {name}")
        column = part.column(name)
        if column.null_count < part.num_rows:
            arrays.append(_column(table, name, column, types[name]))
            names.append(name)
    if not names and part.num_rows:  # Arrow cannot say "three rows of nothing" without a column
        name = part.schema.names[0]
        return pa.table({name: pa.nulls(part.num_rows, types[name])})
    return pa.table(arrays, names=names)


def _column(table: str, name: str, column: pa.Array | pa.ChunkedArray, want: pa.DataType) -> pa.ChunkedArray:
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    if pa.types.is_string(column.type) and want == schema.DICTIONARY:
        chunks = [c.dictionary_encode() for c in chunks]
    elif column.type != want:
        raise TypeError(f"{table}.{name}: {column.type}, want {want} or {schema.lake_type(table, name)}")
    if want == schema.DICTIONARY:
        chunks = [_shrink(sound(c)) for c in chunks]
    return pa.chunked_array(chunks, type=want)


def _shrink(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """Leave out dictionary entries that no row uses, where they are most of the bytes.

    A collector shares one growing dictionary among all its batches; every frame would carry it.
    """
    size = len(column.dictionary)
    if size <= 2 * len(column) + _SPARE_ENTRIES:
        return column
    used = np.unique(column.indices.drop_null().to_numpy(zero_copy_only=False))
    place = np.zeros(size, np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    indices = pa.array(place).take(column.indices)
    return pa.DictionaryArray.from_arrays(indices, column.dictionary.take(pa.array(used)))


def join(parts: Sequence[pa.Table]) -> pa.Table:
    """Several tidy tables of one kind as one with one chunk per column; absent columns become NULL."""
    if len(parts) == 1 and all(c.num_chunks == 1 for c in parts[0].columns):
        return parts[0]
    return pa.concat_tables(parts, promote_options="default").unify_dictionaries().combine_chunks()
