"""What a column of a table is, and the types that columns have: the alphabet of ``pipeline.schema``.

Types are those that DuckDB, Delta Lake and Spark read alike; in memory a string column is dictionary-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

TEXT = pa.string()
INT = pa.int32()
LONG = pa.int64()
TIME = pa.timestamp("us", tz="UTC")
DICTIONARY = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Column:
    """One column of a table: its lake type, unit, where the value comes from, its meaning."""

    name: str
    type: pa.DataType
    group: str
    unit: str
    source: str
    meaning: str


def column(name: str, type_: pa.DataType, group: str, unit: str, source: str, meaning: str) -> Column:
    """One column; in the order in which a table of columns reads."""
    return Column(name, type_, group, unit, source, meaning)
