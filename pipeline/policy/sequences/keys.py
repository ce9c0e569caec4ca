"""Keys as small numbers: what a sequence tells its chains apart by (``by``), or a path that may be tainted.

Numbers are given to the distinct values of a batch at once, so a million rows of one process cost one
look-up. Which keys are forgotten is decided by their last event, never by how rows came in batches.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.policy.classes import indices
from pipeline.policy.sequences.plan import Flags, Longs


class Keys:
    """Numbers the values of a column, densely from 0."""

    def __init__(self, type_: pa.DataType) -> None:
        self._type = type_
        self._known = pa.array([], type_)

    def __len__(self) -> int:
        return len(self._known)

    def numbers(self, column: pa.Array, new: Flags) -> Longs:
        """Number of each row's value, -1 for NULL and for a value that is not known; rows of ``new`` make theirs known.

        Where all rows are new, numbers are given in the order of rows.
        """
        if not len(self._known) and not new.any():
            return np.full(len(column), -1, np.int64)
        plain = column.cast(self._type) if column.type != self._type else column
        distinct = plain.dictionary_encode()
        codes = indices(distinct)
        numbers = pc.fill_null(pc.index_in(distinct.dictionary, value_set=self._known), -1).to_numpy().astype(np.int64)
        made = np.zeros(len(numbers) + 1, np.bool_)  # the last entry stands for NULL, which index -1 reaches
        made[codes[new]] = True
        fresh = np.flatnonzero(made[:-1] & (numbers < 0))
        if len(fresh):
            numbers[fresh] = np.arange(len(self._known), len(self._known) + len(fresh))
            self._known = pa.concat_arrays([self._known, distinct.dictionary.take(pa.array(fresh))])
        return np.append(numbers, -1).take(codes)

    def keep(self, numbers: Longs) -> None:
        """Forget all others; what had ``numbers[i]`` has number ``i`` from now on."""
        self._known = self._known.take(pa.array(numbers))


class OneKey(Keys):
    """Every row has the same key: ``by: agent_run``."""

    def __init__(self) -> None:
        super().__init__(pa.int64())

    def __len__(self) -> int:
        return 1

    def numbers(self, column: pa.Array, new: Flags) -> Longs:  # noqa: ARG002 (the others look at it)
        """Number 0 for every row."""
        return np.zeros(len(column), np.int64)


def key_column(batch: pa.RecordBatch, by: str) -> pa.Array:
    """What rows are told apart by; a user by number where it is known, else by name."""
    nothing = pa.nulls(batch.num_rows, pa.string())
    if by == "agent_run":
        return pa.nulls(batch.num_rows)
    names = set(batch.schema.names)
    if by == "process":
        return batch["process_key"] if "process_key" in names else pa.nulls(batch.num_rows, pa.int64())
    if by != "user":
        return batch[by] if by in names else nothing
    found = [batch[name].cast(pa.string()) for name in ("uid", "user") if name in names]
    return pc.coalesce(*found) if found else nothing


def keys_of(by: str) -> Keys:
    """An empty table for a word of ``kinds.BY``."""
    if by == "agent_run":
        return OneKey()
    return Keys(pa.int64() if by == "process" else pa.string())
