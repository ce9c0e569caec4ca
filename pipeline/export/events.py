"""From rows of the lake to a batch that a sink can send: redacted, written in a format, and named.

Redaction comes first, so that neither a payload nor an id can hold what was to be left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.export.formats.identity import envelope
from pipeline.export.sinks.interface import Batch

if TYPE_CHECKING:
    from pipeline.export.formats.interface import Format

Redact = Callable[[str, pa.Table], pa.Table]
_NAMES = pa.array(schema.SEVERITIES, pa.string())


@dataclass(frozen=True)
class Encoder:
    """A format, and what is taken out of rows before."""

    format: Format
    redact: Redact | None = None

    @property
    def json(self) -> bool:
        """Whether each payload is one JSON object."""
        return "json" in self.format.content_type

    def batch(self, table: str, rows: pa.Table) -> Batch:
        """The rows' events; rows for which the format has none are left out."""
        rows = self.redact(table, rows) if self.redact else rows
        payloads = whole(self.format.encode(table, rows))
        named = envelope(table, rows)
        if payloads.null_count:
            kept = pa.array(np.flatnonzero(payloads.is_valid().to_numpy(zero_copy_only=False)))
            payloads, named, rows = payloads.take(kept), named.take(kept), rows.take(kept)
        hosts = rows["host"] if "host" in rows.schema.names else pa.nulls(rows.num_rows, pa.string())
        severities = pc.take(_NAMES, whole(named["severity"]))
        return Batch.of(table, payloads, named["id"], named["time"], severities, hosts, json=self.json)


def whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array out of chunks."""
    if not isinstance(values, pa.ChunkedArray):
        return values
    return pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
