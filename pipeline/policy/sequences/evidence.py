"""The identity of events that a chain rests on, so that a finding can name the rows that prove it.

Chains remember the position of an event in its run. What identifies the row to others (boot, source,
processor, class, sequence number) lies here, for as long as some chain may still need it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.policy.classes import encoded, indices
from pipeline.policy.sequences.counting import among, distinct
from pipeline.policy.sequences.plan import Codes, Longs

NUMBERS = ("time_ns", "cpu", "seq")
TEXTS = ("boot_id", "source", "class", "host")

_MOST_PARTS = 64


class Evidence:
    """Rows by position; positions only grow."""

    def __init__(self) -> None:
        self._texts: list[str | None] = [None]
        self._numbers: dict[str | None, int] = {None: 0}
        self._positions: list[Longs] = []
        self._fields: list[Longs] = []

    def add(self, batch: pa.RecordBatch, rows: Longs, first: int) -> None:
        """Remember some rows of a batch whose first row has position ``first``."""
        if not len(rows):
            return
        lines = [_numbers(batch, name, rows) for name in NUMBERS] + [self._coded(batch, name, rows) for name in TEXTS]
        self._positions.append(rows + first)
        self._fields.append(np.array(lines))
        if len(self._positions) > _MOST_PARTS:
            self._join()

    def rows(self, positions: Longs) -> list[dict[str, Any]]:
        """Identity of events by position; raises ``KeyError`` for one that was not added or is forgotten."""
        self._join()
        known, fields = self._positions[0], self._fields[0]
        found = np.searchsorted(known, positions)
        if not np.array_equal(known.take(found, mode="clip"), positions):
            raise KeyError("an event that no chain remembers")
        lines = fields[:, found].T.tolist()
        return [
            {name: None if value < 0 else value for name, value in zip(NUMBERS, line, strict=False)}
            | {name: self._texts[code] for name, code in zip(TEXTS, line[len(NUMBERS) :], strict=True)}
            for line in lines
        ]

    def keep(self, positions: Longs) -> None:
        """Forget all others."""
        self._join()
        chosen = among(self._positions[0], distinct(positions))
        self._positions, self._fields = [self._positions[0][chosen]], [self._fields[0][:, chosen]]

    def _join(self) -> None:
        empty = np.zeros(0, np.int64), np.zeros((len(NUMBERS) + len(TEXTS), 0), np.int64)
        self._positions = [np.concatenate([empty[0], *self._positions])]
        self._fields = [np.concatenate([empty[1], *self._fields], axis=1)]

    def _coded(self, batch: pa.RecordBatch, name: str, rows: Longs) -> Longs:
        if name not in batch.schema.names:
            return np.zeros(len(rows), np.int64)
        column = encoded(batch[name])
        codes: Codes = indices(column).take(rows)
        table = np.zeros(len(column.dictionary) + 1, np.int64)
        table[codes] = 1
        table[-1] = 0
        used = np.flatnonzero(table)
        table[used] = [self._number(text) for text in column.dictionary.take(pa.array(used)).to_pylist()]
        return table.take(codes)

    def _number(self, text: str | None) -> int:
        number = self._numbers.setdefault(text, len(self._texts))
        if number == len(self._texts):
            self._texts.append(text)
        return number


def _numbers(batch: pa.RecordBatch, name: str, rows: Longs) -> Longs:
    if name not in batch.schema.names:
        return np.full(len(rows), -1, np.int64)
    column = batch[name] if not batch[name].null_count else batch[name].fill_null(-1)
    found: Longs = column.to_numpy().take(rows).astype(np.int64)
    return found
