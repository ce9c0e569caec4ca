"""Sequence numbers of rows, per class: so a row can be named, and a gap be seen."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline import schema


class Numbering:
    """Numbers rows within their class from 1, under a ``boot_id`` that names the boot or the file."""

    def __init__(self, boot_id: str) -> None:
        self._boot_id = boot_id
        self.given = dict.fromkeys(schema.CLASSES, 0)
        """The last number of each class."""

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The same rows with ``boot_id`` and ``seq``."""
        class_ = rows.column("class")
        seq = np.zeros(rows.num_rows, np.int64)
        indices = class_.indices.to_numpy(zero_copy_only=False)
        for code, name in enumerate(class_.dictionary.to_pylist()):
            mine = indices == code
            count = int(mine.sum())
            seq[mine] = self.given[name] + 1 + np.arange(count)
            self.given[name] += count
        text = pa.DictionaryArray.from_arrays(np.zeros(rows.num_rows, np.int32), pa.array([self._boot_id]))
        columns = dict(zip(rows.schema.names, rows.columns, strict=True))
        return schema.batch("activity", columns | {"boot_id": text, "seq": pa.array(seq)})
