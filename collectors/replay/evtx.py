"""Event logs of Windows (``.evtx``) as a source of activity: Sysmon, Security and PowerShell.

The ``evtx`` package (Rust) gives each record as JSON text, so a record is a Python object here, unlike in the trace
reader. Chunks are handed to it one at a time, in a process of its own that is ended when it does not come back: memory
stays small, and damage to one of them is told by its place.
"""

from __future__ import annotations

import mmap
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.etw.decode import EPOCH_FILETIME, Key
from collectors.interface import Collector, CollectorError
from collectors.numbering import Numbering
from collectors.replay import evtx_file, evtx_rows, evtx_worker
from collectors.replay.etl_file import Problem
from collectors.replay.evtx_events import EVENTS
from collectors.replay.evtx_reader import Reader
from collectors.replay.imported import Counts

BATCH_CHUNKS = 64
"""Chunks of 64 KiB whose rows are one batch."""

Record = tuple[Key, dict[str, Any]]


class EvtxCollector(Collector):
    """Reads one ``.evtx`` file. After ``batches`` its ``counts`` are complete."""

    name = "evtx"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts = Counts()
        self.processes: list[pa.Table] = []
        """Nothing: a log has no rundown of what ran before."""
        self._map: mmap.mmap | None = None
        self._reader = Reader()
        self._span: tuple[int, int] = (0, 0)

    def open(self) -> None:
        """Raises ``CollectorError`` for a file that is missing, empty or no event log."""
        try:
            with self.path.open("rb") as file:
                if not file.seek(0, 2):
                    raise CollectorError(f"{self.path}: is empty")
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise CollectorError(f"{self.path}: cannot be read: {error.strerror}") from error
        first = self._map[:8], self._map[evtx_file.FILE_HEADER : evtx_file.FILE_HEADER + 8]
        if first[0] != evtx_file.MAGIC and first[1] != evtx_file.CHUNK_MAGIC:
            self.close()
            raise CollectorError(f"{self.path}: is no event log of Windows (.evtx)")
        if first[0] != evtx_file.MAGIC:
            self.counts.note(Problem(0, "the header of the file is damaged; its chunks are read all the same"))
        elif cut := evtx_file.cut_short(self._map[: evtx_file.FILE_HEADER], len(self._map)):
            self.counts.note(cut)

    @property
    def identity(self) -> str:
        """A name for this file by its content."""
        data = self._open()
        digest = blake2b(data[: 1 << 17], digest_size=12, person=b"lictor.evtx")
        digest.update(len(data).to_bytes(8, "little") + data[-(1 << 16) :])
        return digest.hexdigest()

    @property
    def size(self) -> int:
        """Bytes of the file, for progress."""
        return len(self._open())

    def batches(self, done: Callable[[], bool]) -> Iterator[pa.RecordBatch]:
        """Batches, each in order of time; ``counts.done`` grows with the bytes that were read."""
        rows, numbering = evtx_rows.Rows(self.identity), Numbering(self.identity)
        waiting: list[Record] = []
        view = memoryview(self._open())
        try:
            for n, chunk in enumerate(evtx_file.chunks(view), 1):
                if done():
                    return
                waiting += self._records(chunk)
                self.counts.done = chunk.offset + evtx_file.CHUNK
                if n % BATCH_CHUNKS == 0:
                    yield from self._batch(waiting, rows, numbering)
                    waiting = []
            yield from self._batch(waiting, rows, numbering)
        finally:
            view.release()

    def health(self) -> pa.RecordBatch:
        """One ``coverage`` row; a log does not say what was lost."""
        return self.counts.coverage(self.name, self.identity, *self._span)

    def close(self) -> None:
        """Let go of the file, end the reader; safe to call twice."""
        self._reader.close()
        if self._map is not None:
            with suppress(BufferError):
                self._map.close()
            self._map = None

    def _open(self) -> mmap.mmap:
        if self._map is None:
            raise CollectorError(f"{self.path}: the log is not open; call open() first")
        return self._map

    def _records(self, chunk: evtx_file.Chunk) -> list[Record]:
        for problem in chunk.problems:
            self.counts.note(problem)
        if not chunk.data:
            return []
        found: list[Record] = []
        bad = 0
        for text in self._texts(chunk):
            read = evtx_rows.read(text) if text is not None else None
            if read is None:
                bad += 1
            else:
                found.append(read)
        bad = max(bad, chunk.records - len(found))
        if bad:
            self.counts.note(Problem(chunk.offset, f"{bad} records of the chunk cannot be read"))
            self.counts.tally.malformed["evtx", 0, 0] += bad
        self.counts.records += len(found) + bad
        return found

    def _texts(self, chunk: evtx_file.Chunk) -> Iterator[str | None]:
        """Each record's JSON; ``None`` for one that the reader refuses."""
        for kind, text in self._reader.frames(evtx_file.single(evtx_file.plain_header(), chunk)):
            if kind == evtx_worker.UNREADABLE:
                self.counts.note(Problem(chunk.offset, f"the chunk cannot be read: {text}"))
            elif kind == evtx_worker.GAVE_UP:
                self.counts.note(Problem(chunk.offset, f"the chunk was given up: {text}"))
            else:
                yield text if kind == evtx_worker.RECORD else None

    def _batch(self, waiting: list[Record], rows: evtx_rows.Rows, numbering: Numbering) -> Iterator[pa.RecordBatch]:
        tally = self.counts.tally
        by_event: dict[Key, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        for order, (key, fields) in enumerate(waiting):
            by_event[key].append((order, fields))
        for key, events in by_event.items():
            if key[:2] in EVENTS:
                tally.decoded += len(events)
            else:
                tally.unknown[key] += len(events)
        batch = rows.batch({key: events for key, events in by_event.items() if key[:2] in EVENTS})
        if batch is None:
            return
        self.counts.rows += batch.num_rows
        times = batch.column("time_ns")
        first, last = times[0].as_py() // 100 + EPOCH_FILETIME, times[-1].as_py() // 100 + EPOCH_FILETIME
        self._span = (min(self._span[0] or first, first), max(self._span[1], last))
        yield numbering.batch(batch)
