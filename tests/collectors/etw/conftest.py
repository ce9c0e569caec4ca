"""Records that the writer of traces made, decoded to rows."""

from __future__ import annotations

import numpy as np
import pytest

from collectors.etw.decode import Tally
from collectors.etw.decode import parts as split
from collectors.etw.decoder import Decoder
from collectors.etw.records import headers, walk
from pipeline import schema
from tests.etl_writer import FIRST, START


def chunk_of(records: list[bytes]):
    """Bytes and records of one chunk, in order of time, and their FILETIMEs."""
    data = np.frombuffer(b"".join(records), np.uint8)
    found = headers(data, walk(data))
    found = found[np.argsort(found["time"], kind="stable")]
    return data, found, found["time"] - FIRST + START


@pytest.fixture
def decoded():
    """Rows of chunks of records, as dictionaries without NULLs; ``decoded.decoder`` is what decoded them."""

    class Decoded:
        def __init__(self):
            self.decoder = Decoder("boot", "etw", [("\\Device\\HarddiskVolume3", "C:")])
            self.snapshots = []

        def __call__(self, *chunks: list[bytes]):
            rows = []
            self.snapshots = []
            for records in chunks:
                batch, snapshot = self.decoder.decode(*chunk_of(records))
                if snapshot is not None:
                    self.snapshots += snapshot.to_pylist()
                if batch is not None:
                    batch.validate(full=True)
                    rows += schema.conform(batch, "activity").to_pylist()
            return [{k: v for k, v in row.items() if v is not None} for row in rows]

    return Decoded()


@pytest.fixture
def parts():
    """Parts of records, by event id."""

    def made(records: list[bytes], tally: Tally | None = None):
        return {p.event.id: p for p in split(*chunk_of(records), tally or Tally())}

    return made
