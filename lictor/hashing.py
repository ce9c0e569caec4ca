"""Hashes of the programs that agents start, for policies that name programs by content.

The file is read after its exec, so it is hashed only where it still is the one that was started: same
device, inode and no later change. What cannot be told stays NULL, and a rule on it does not match.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema

LARGEST = 512 << 20
"""Bytes of a program that is hashed, about a second; the agents' own are 50 to 250 MB."""

REMEMBERED = 4096

_Identity = tuple[int, int, int, int]


class ExeHashes:
    """A step: gives exec rows their ``exe_sha256``."""

    def __init__(self) -> None:
        self._known: OrderedDict[_Identity, str] = OrderedDict()

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the column, where any of its rows is an exec that worked."""
        names = set(batch.schema.names)
        if not {"operation", "exe", "dev", "ino", "time_ns"} <= names:
            return batch
        rows = pc.indices_nonzero(pc.equal(batch.column("operation").cast(pa.string()), "exec"))
        if not len(rows):
            return batch
        told: list[str | None] = [None] * batch.num_rows
        wanted = batch.select(["exe", "dev", "ino", "time_ns"]).take(rows).to_pylist()
        for row, facts in zip(rows.to_pylist(), wanted, strict=True):
            told[row] = self._hash(facts["exe"], facts["dev"], facts["ino"], facts["time_ns"])
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        return schema.batch("activity", columns | {"exe_sha256": pa.array(told, pa.string()).dictionary_encode()})

    def _hash(self, exe: str | None, dev: int | None, ino: int | None, time_ns: int) -> str | None:
        try:
            status = Path(exe or "").stat()
        except (OSError, ValueError):
            return None
        # User space spells a device in its own way; the kernel's is 12 bits of major and 20 of minor.
        here = os.major(status.st_dev) << 20 | os.minor(status.st_dev), status.st_ino
        if here != (dev, ino) or status.st_ctime_ns > time_ns or status.st_size > LARGEST:
            return None
        identity = (*here, status.st_size, status.st_ctime_ns)
        if identity not in self._known:
            try:
                with Path(exe or "").open("rb") as file:
                    self._known[identity] = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                return None
        self._known.move_to_end(identity)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return self._known[identity]
