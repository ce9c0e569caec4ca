"""Arrow values as JSON can say them, and as a person reads them.

The one place where types become text: timestamps are ISO 8601 with ``Z``, NULL and NaN are
null, large sums of the query engine (decimal) are numbers, bytes are text with hexadecimal escapes.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipeline.escape import decoded, visible


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as they stand in json: timestamps ISO 8601 with ``Z``, NULL and NaN as ``None``, bytes as text."""
    names = table.schema.names
    columns = [[plain(v) for v in values_of(table.column(i))] for i in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def json_text(value: Any) -> str:
    """One JSON value, ASCII only, so that no name reaches a terminal raw."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def plain(value: Any) -> Any:
    """A value of any Arrow type as JSON can say it."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return _scalar(value)


def _scalar(value: Any) -> str | float | None:
    if isinstance(value, bytes):
        return decoded(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return _moment(value) if isinstance(value, (datetime, date, time, timedelta)) else str(value)


def cell(value: Any) -> str:
    """A JSON-ready value as a person reads it: escaped, NULL as nothing."""
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return json_text(value)
    return visible(str(value) if not isinstance(value, bool) else str(value).lower())


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """Python values of a column; text that is no UTF-8 comes back as bytes."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        values = column.cast(pa.binary()).to_pylist()
    return values


def _moment(value: datetime | date | time | timedelta) -> str | float:
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value.total_seconds() if isinstance(value, timedelta) else value.isoformat()


def distinct_names(table: pa.Table) -> pa.Table:
    """``SELECT 1 AS a, 2 AS a`` is valid SQL, but a JSON object keeps one value per key: ``a``, ``a_2``."""
    names: list[str] = []
    for name in table.schema.names:
        fresh, number = name, 2
        while fresh in names:
            fresh, number = f"{name}_{number}", number + 1
        names.append(fresh)
    return table.rename_columns(names)
