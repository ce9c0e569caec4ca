"""Trace files of Event Tracing for Windows (``.etl``) as a source of activity.

A file has the buffers of several processors one behind the other, each in order of time within itself. They are read in
order of their first records, and records are held back only as long as a later buffer may still bring an older one.
A first look at all buffers finds those beginnings, the file's header, and which device is which drive.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.etw.decoder import Decoder
from collectors.etw.guids import guid_words
from collectors.etw.records import RECORD, Bytes, first, headers, walk
from collectors.interface import Collector, CollectorError
from collectors.numbering import Numbering
from collectors.replay import etl_file
from collectors.replay.etl_file import Buffer, FileHeader, Problem
from collectors.replay.imported import Counts
from collectors.replay.volumes import volumes

CHUNK_BYTES = 4 << 20
"""Bytes of buffers that are decoded together."""

HELD_BYTES = 64 << 20
"""Bytes of buffers that wait for older records; past that they go on, and what comes later than it should is late."""

_OWN_GUID = guid_words("EventTrace")
_LATEST = 2**63 - 1


@dataclass
class _Held:
    """A buffer with records that are not decoded yet."""

    data: Bytes
    records: npt.NDArray[np.void]


class EtlCollector(Collector):
    """Reads one ``.etl`` file. After ``open`` its ``header`` is there, after ``batches`` its ``counts`` are complete."""

    name = "etw"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header = FileHeader()
        self.counts = Counts()
        self.processes: list[pa.Table] = []
        """Rows of ``processes`` for what ran before the trace; whoever takes them empties the list."""
        self._data: Bytes = np.zeros(0, np.uint8)
        self._map: mmap.mmap | None = None
        self._survey = etl_file.Survey()
        self._firsts: list[int] = []

    def open(self) -> None:
        """Raises ``CollectorError`` for a file that is missing or no trace of Windows."""
        self._data, self._map = _mapped(self.path)
        self._survey = etl_file.survey(self._data)
        for problem in self._survey.problems:
            self.counts.note(problem)
        if not self._survey.buffers:
            self.close()
            raise CollectorError(
                f"{self.path}: is no trace of Event Tracing for Windows (.etl): no buffer at its beginning"
            )
        header = self._read_header(self._survey.buffers[0])
        if header is None:
            self.close()
            raise CollectorError(
                f"{self.path}: is no trace of Event Tracing for Windows (.etl): its first record is no header"
            )
        self.header = header
        self.counts.lost, self.counts.buffers_lost = header.events_lost, header.buffers_lost
        self.counts.missing_buffers = self._survey.missing
        if cut := etl_file.cut_short(header, len(self._survey.buffers), len(self._data)):
            self.counts.note(cut)
        self._firsts = [self._first_stamp(b) for b in self._survey.buffers]

    @property
    def identity(self) -> str:
        """A name for this file by its content: the same file has it again, and no other one."""
        digest = blake2b(self._data[: 1 << 16].tobytes(), digest_size=12, person=b"lictor.etl")
        digest.update(len(self._data).to_bytes(8, "little") + self._data[-(1 << 16) :].tobytes())
        return digest.hexdigest()

    @property
    def size(self) -> int:
        """Bytes of the file, for progress."""
        return len(self._data)

    def batches(self, done: Callable[[], bool]) -> Iterator[pa.RecordBatch]:
        """Batches in order of time; ``counts.done`` grows with the bytes that were read."""
        decoder = Decoder(f"etl:{self.header.boot_time}", self.name, self._volumes())
        number = Numbering(self.identity)
        self.counts.tally = decoder.tally
        for data, records in self._chunks(done):
            times = etl_file.filetimes(self.header, records["time"])
            batch, processes = decoder.decode(data, records, times)
            if processes is not None:
                self.processes.append(processes)
            if batch is not None:
                self.counts.rows += batch.num_rows
                yield number.batch(batch)
        for key, at in decoder.tally.first_malformed.items():
            self.counts.note(
                Problem(
                    at,
                    f"{decoder.tally.malformed[key]} records of {key[0]} {key[1]} v{key[2]} are shorter than their fields",
                )
            )

    def health(self) -> pa.RecordBatch:
        """One ``coverage`` row: what the file holds, and what its header says was lost."""
        return self.counts.coverage(self.name, self.identity, self.header.start_time, self.header.end_time)

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        self._data = np.zeros(0, np.uint8)
        if self._map is not None:
            with suppress(BufferError):  # an array of a batch still shows into it; the map goes with that
                self._map.close()
            self._map = None

    def _chunks(self, done: Callable[[], bool]) -> Iterator[tuple[Bytes, npt.NDArray[np.void]]]:
        """Records in order of time, with the bytes that they lie in."""
        waiting = list(etl_file.sorted_by(self._firsts, self._survey.buffers))
        held: list[_Held] = []
        fresh = 0
        for n, (_, buffer) in enumerate(waiting):
            if done():
                return
            held.append(self._read(buffer))
            fresh += len(held[-1].data)
            until = waiting[n + 1][0] if n + 1 < len(waiting) else _LATEST
            if fresh < CHUNK_BYTES and until != _LATEST:
                continue
            fresh = 0
            if sum(len(h.data) for h in held) > HELD_BYTES:
                until = _LATEST
            yield from _ready(held, until)
            held = [h for h in held if len(h.records)]

    def _read(self, buffer: Buffer) -> _Held:
        data, wrong = etl_file.body(self._data, buffer)
        if wrong is not None:
            self.counts.note(wrong)
        found = walk(data)
        records = headers(data, found)
        if buffer.compressed:
            records["at"] = buffer.offset  # a place in unpacked bytes is none in the file
        else:
            records["at"] += buffer.offset + etl_file.HEAD_SIZE
        records["time"][records["kind"] == 0] = self._firsts[0]
        rest = data[found.stopped :]
        if len(rest) >= 8 and not _is_padding(rest):
            self.counts.note(
                Problem(
                    buffer.offset + etl_file.HEAD_SIZE + (0 if buffer.compressed else found.stopped),
                    f"no record can be read here; {len(rest)} bytes of the buffer are skipped",
                )
            )
        self.counts.records += len(records)
        self.counts.done = min(self.counts.done + buffer.size, self.size)
        return _Held(data, records)

    def _read_header(self, buffer: Buffer) -> FileHeader | None:
        data, _ = etl_file.body(self._data, buffer)
        records = first(data)
        if not len(records) or tuple(records["guid"][0].tolist()) != _OWN_GUID or records["id"][0] != 0:
            return None
        return etl_file.file_header(data[records["start"][0] : records["end"][0]].tobytes(), int(records["time"][0]))

    def _first_stamp(self, buffer: Buffer) -> int:
        """Stamp of the first record; of a compressed buffer that of its unpacked bytes."""
        data, _ = etl_file.body(self._data, buffer)
        record = first(data)
        return int(record["time"][0]) if len(record) and record["kind"][0] else 0

    def _volumes(self) -> list[tuple[str, str]]:
        """Which device is which drive: Windows writes that at the end of a trace, and it is needed from its beginning."""
        return volumes(self._data, self._survey.buffers)


def _ready(held: list[_Held], until: int) -> Iterator[tuple[Bytes, npt.NDArray[np.void]]]:
    """The records of all held buffers that are not newer than ``until``, taken from them."""
    if not held:
        return
    offsets = np.cumsum([0, *(len(h.data) for h in held)])
    taken = []
    for h, offset in zip(held, offsets, strict=False):
        now = h.records["time"] <= until
        mine = h.records[now]
        mine["start"] += offset
        mine["end"] += offset
        taken.append(mine)
        h.records = h.records[~now]
    records = np.concatenate(taken) if taken else np.zeros(0, RECORD)
    if len(records):
        order = np.argsort(records["time"], kind="stable")
        yield np.concatenate([h.data for h in held]), records[order]


def _is_padding(rest: Bytes) -> bool:
    """What is left of a buffer is all ones; older systems leave zeros. Both to its end: behind a header that was zeroed
    there is more, and that is damage.
    """
    return bool((rest == 0xFF).all() or (rest == 0).all())


def _mapped(path: Path) -> tuple[Bytes, mmap.mmap | None]:
    try:
        with path.open("rb") as file:
            if not file.seek(0, 2):
                raise CollectorError(f"{path}: is empty")
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise CollectorError(f"{path}: cannot be read: {error.strerror}") from error
    return np.frombuffer(mapped, np.uint8), mapped
