"""Tie rows to what the agent was doing: the conversation, the tool call, the trace.

Agents set a few environment marks for the programs that a tool call starts. The sensor read
them at exec and every row of the program carries them; here they become columns. They are
what the agent says of itself: anybody can set a variable, so ``join_confidence`` is not 1.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from collectors import marks
from pipeline import schema

CONFIDENCE = 0.9
"""A mark is inherited through the environment, which the program itself can forge."""


def attribute(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with the columns that follow from ``marks``; the same batch where no row has any."""
    if "marks" not in batch.schema.names or batch.column("marks").null_count == batch.num_rows:
        return batch
    found = {
        name: column for name, column in marks.columns(batch.column("marks")).items() if column.null_count < len(column)
    }
    if not found:
        return batch
    joined = np.zeros(batch.num_rows, np.bool_)
    for column in found.values():
        joined |= column.is_valid().to_numpy(zero_copy_only=False)
    found["join_confidence"] = pa.array(np.full(batch.num_rows, CONFIDENCE), mask=~joined)
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    return schema.batch("activity", {**columns, **found})
