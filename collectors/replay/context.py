"""What a recorder notes beside the rows: where the run took place, so that a policy reads alike later.

A policy speaks of ``${workspace}`` and ``~``. On another machine, or for another user, these
mean other places; so the trace file keeps them in its Parquet metadata, as one JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from collectors.interface import CollectorError
from pipeline import schema

KEY = b"lictor.context"
NAMES = ("workspace", "home", "user", "host", "agent", "env")
"""Members of the context; ``env`` is an object of strings, the others are strings."""

ROW_GROUP_ROWS = 131_072


def write_trace(rows: pa.RecordBatch | pa.Table, path: Path, context: Mapping[str, Any]) -> None:
    """Write activity rows as a trace file, sorted by ``time_ns``, columns that are all NULL left out.

    Raises ``ValueError`` for a member of ``context`` that is not in ``NAMES``.
    """
    unknown = set(context) - set(NAMES)
    if unknown:
        raise ValueError(f"context: unknown member {min(unknown)}")
    table = schema.conform(rows, "activity").sort_by("time_ns")
    table = table.select([n for n in table.schema.names if table.column(n).null_count < table.num_rows])
    table = table.replace_schema_metadata({KEY: json.dumps(dict(context), sort_keys=True).encode()})
    pq.write_table(table, path, compression="zstd", write_page_checksum=True, row_group_size=ROW_GROUP_ROWS)


def context_of(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any]:
    """The context from a file's metadata; empty where the recorder noted none.

    Raises ``CollectorError`` where it is there and damaged.
    """
    text = (metadata or {}).get(KEY)
    if text is None:
        return {}
    try:
        read = json.loads(text)
    except ValueError as error:
        raise CollectorError("the trace's context is damaged: no JSON") from error
    if not isinstance(read, dict) or not all(_is_member(k, v) for k, v in read.items()):
        raise CollectorError("the trace's context is damaged: want an object of " + ", ".join(NAMES))
    return read


def _is_member(name: str, value: object) -> bool:
    if name == "env":
        return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    return name in NAMES and isinstance(value, str)
