"""A log that is read while it grows: each look takes in the bytes that were appended since the last one.

For a process that stays. Rows are kept in few large pieces, because each piece costs DuckDB as much as thousands of rows.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.lake import engine, frames, rows, snapshot
from pipeline.lake.errors import LakeError
from pipeline.lake.system import files

if TYPE_CHECKING:
    from collections.abc import Sequence

PIECE_ROWS = 200_000
"""Pieces are brought together up to this size."""


class LiveLog:
    """The log at ``path``; ``pieces`` are its rows per table, with every column, ``damages`` what cannot be read of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pieces: dict[str, list[pa.Table]] = {}
        self.damages: list[str] = []
        self._tidy: dict[str, list[pa.Table]] = {}
        self._file: tuple[int, int] | None = None
        self._size = self._position = 0

    def advance(self) -> bool:
        """Take in what is new; returns whether anything changed.

        Bytes that were read are not read again. Raises ``FileNotFoundError`` when the log is gone, ``OSError``
        when it cannot be read.
        """
        status = self.path.stat()
        if self._file == (status.st_dev, status.st_ino) and self._size == status.st_size:
            return False
        with os.fdopen(files.opened(self.path, os.O_RDONLY), "rb") as file:
            status = os.fstat(file.fileno())
            another = self._file != (status.st_dev, status.st_ino) or status.st_size < self._position
            if another:
                self._forget()
                self._file = (status.st_dev, status.st_ino)
            file.seek(self._position)
            appended = file.read()  # not mapped: the file may be cut by its writer after a full disk
        self._size = self._position + len(appended)
        return self._take(appended) or another

    def _forget(self) -> None:
        """Another file, or a shorter one, has taken the place of the one that was read."""
        self.pieces, self._tidy, self.damages, self._position = {}, {}, [], 0

    def _take(self, appended: bytes) -> bool:
        """Whole frames of these bytes, which begin at the position."""
        scan = frames.scan(pa.py_buffer(appended), verify_chain=False)
        found = [snapshot.damaged(self.path, d, self._position) for d in scan.damages if not d.torn]
        new: dict[str, list[pa.Table]] = {}
        for frame in scan.frames:
            try:
                new.setdefault(frame.table, []).append(snapshot.rows_of(self.path, frame))
            except LakeError as error:
                found.append(str(error))
        for table, parts in new.items():
            self._add(table, parts)
        self._position += scan.end  # a damaged head stays where it is, and is found there again
        told = [d for d in dict.fromkeys(found) if d not in self.damages]
        self.damages += told
        return bool(new or told)

    def _add(self, table: str, parts: Sequence[pa.Table]) -> None:
        """Rows behind those that are there; the last pieces become one while none is much larger than what follows it."""
        tidy = self._tidy.setdefault(table, [])
        kept = len(tidy)
        for part in gathered(parts):
            tidy.append(part)
            while len(tidy) > 1 and _alike(tidy[-2].num_rows, tidy[-1].num_rows):
                tidy[-2:] = [rows.join(tidy[-2:])]
                kept = min(kept, len(tidy) - 1)
        full = self.pieces.get(table, [])[:kept]
        self.pieces[table] = full + [engine.live_rows(table, [p]) for p in tidy[kept:]]


def _alike(before: int, after: int) -> bool:
    """Whether two neighbours become one: each row is then copied a few times, however small the frames are."""
    return before < 2 * after and before + after <= PIECE_ROWS


def gathered(parts: Sequence[pa.Table]) -> list[pa.Table]:
    """The same rows in pieces of at most ``PIECE_ROWS`` rows, or of one part where that is larger."""
    groups: list[list[pa.Table]] = []
    count = 0
    for part in parts:
        if not groups or count + part.num_rows > PIECE_ROWS:
            groups.append([])
            count = 0
        groups[-1].append(part)
        count += part.num_rows
    return [rows.join(group) for group in groups]
