"""The container of a trace file (``.etl``): its header, its buffers, and what is wrong with any of them.

A file is a row of buffers, each with a header of 72 bytes (``WMI_BUFFER_HEADER``, ntwmi.h): size, offset of the first
free byte, flush time, sequence number, processor, flags. The first record of the first buffer is the file's header
(``TRACE_LOGFILE_HEADER``, evntrace.h). A buffer may be compressed; then its size is that on disk.

Damage is told by offset, and what lies behind it is read on: the next place where a buffer can begin is looked for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from collectors.etw.records import Bytes
from collectors.replay.lzxpress import DamagedError, decompress

HEAD = struct.Struct("<IIIIqqQBBHIIHH")
HEAD_SIZE = 72
_COMPRESSED = 0x40
_LARGEST = 16 << 20  # of a buffer: ETW allows 16 MiB, 1 MiB before Windows 10


@dataclass(frozen=True)
class Problem:
    """Something that could not be read, and where in the file."""

    offset: int
    text: str


@dataclass(frozen=True)
class Buffer:
    """One buffer of the file. ``used`` is how many of its bytes hold records (on disk, where it is compressed)."""

    offset: int
    size: int
    used: int
    sequence: int
    processor: int
    compressed: bool


@dataclass(frozen=True)
class FileHeader:
    """What the file says of its trace. Times are FILETIMEs (100 ns since 1601)."""

    buffer_size: int = 0
    version: int = 0
    processors: int = 0
    pointer: int = 8
    events_lost: int = 0
    buffers_lost: int = 0
    buffers_written: int = 0
    circular: bool = False
    """Whether the oldest buffers were written over: then fewer are there than were written."""
    cpu_mhz: int = 0
    boot_time: int = 0
    frequency: int = 0
    start_time: int = 0
    end_time: int = 0
    clock: int = 1
    first_stamp: int = 0
    """What the clock showed at ``start_time``."""


@dataclass
class Survey:
    """All buffers of a file in their order, and what is wrong between them."""

    buffers: list[Buffer] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: int = 0
    """Buffers that are not there although others have later sequence numbers."""


def survey(data: Bytes) -> Survey:
    """Find the buffers of a file (its bytes, or a map of them)."""
    found, offset = Survey(), 0
    while offset + HEAD_SIZE <= len(data):
        buffer, wrong = _buffer(data, offset)
        if buffer is None:
            following = _next_buffer(data, offset + 8, found.buffers)
            found.problems.append(Problem(offset, f"{wrong}; {following - offset} bytes are skipped"))
            offset = following
            continue
        if offset + buffer.size > len(data):
            found.problems.append(
                Problem(offset, f"the buffer is cut short: {len(data) - offset} of {buffer.size} bytes are there")
            )
        found.buffers.append(buffer)
        offset += buffer.size
    if 0 < len(data) - offset < HEAD_SIZE:
        found.problems.append(Problem(offset, f"{len(data) - offset} bytes at the end are too few for a buffer"))
    numbers = {b.sequence for b in found.buffers}
    found.missing = max(0, max(numbers) - min(numbers) + 1 - len(numbers)) if numbers else 0
    return found


def _buffer(data: Bytes, offset: int) -> tuple[Buffer | None, str]:
    head = HEAD.unpack(data[offset : offset + HEAD.size].tobytes())
    size, saved, _current, _references, _time, sequence, _clock, processor, _, _logger, _state, filled, flags, _type = (
        head
    )
    if not HEAD_SIZE < size <= _LARGEST:
        return None, f"no buffer begins here: its size would be {size}"
    used = filled if filled > HEAD_SIZE else saved
    if not HEAD_SIZE <= used <= max(size, _LARGEST):
        return None, f"no buffer begins here: {used} bytes of {size} would be in use"
    return Buffer(offset, size, min(used, size, len(data) - offset), sequence, processor, bool(flags & _COMPRESSED)), ""


def _next_buffer(data: Bytes, offset: int, before: list[Buffer]) -> int:
    """Where the next buffer begins: it has the clock, the logger and the alignment of those before it.

    Without any before, nothing is looked for: a file whose first buffer is damaged has no header either.
    """
    if not before:
        return len(data)
    like = data[before[-1].offset + 32 : before[-1].offset + 40].tobytes()
    for at in range(offset, len(data), 1 << 20):
        place = data[at : at + (1 << 20) + HEAD_SIZE].tobytes()
        hit = place.find(like)
        while hit >= 0:
            begin = at + hit - 32
            if (
                begin >= offset
                and begin % 8 == 0
                and begin + HEAD_SIZE <= len(data)
                and _buffer(data, begin)[0] is not None
            ):
                return begin
            hit = place.find(like, hit + 1)
    return len(data)


def body(data: Bytes, buffer: Buffer) -> tuple[Bytes, Problem | None]:
    """The records of a buffer as bytes, unpacked where it is compressed; with what is wrong, if anything is."""
    raw = data[buffer.offset + HEAD_SIZE : buffer.offset + buffer.used]
    if not buffer.compressed:
        return raw, None
    try:
        return np.frombuffer(decompress(raw.tobytes(), _LARGEST), np.uint8), None
    except DamagedError as error:
        return np.frombuffer(error.partial, np.uint8), Problem(
            buffer.offset, f"the compressed buffer is damaged: {error}"
        )


_LOGFILE = struct.Struct("<IIIIqIIIIIIII")
_CIRCULAR = 0x2  # EVENT_TRACE_FILE_MODE_CIRCULAR


def file_header(payload: bytes, stamp: int) -> FileHeader | None:
    """The header from the payload of the first record, whose time stamp is ``stamp``; ``None`` where it is cut short.

    Behind the fixed part stand two pointers and a ``TIME_ZONE_INFORMATION`` (172 bytes), then, aligned, the clock.
    """
    if len(payload) < _LOGFILE.size:
        return None
    (size, version, _provider, processors, end, _resolution, _most, mode, written, _start, pointer, lost, mhz) = (
        _LOGFILE.unpack_from(payload)
    )
    if pointer not in (4, 8):
        return None
    at = (_LOGFILE.size + 2 * pointer + 172 + 7) & ~7
    if len(payload) < at + 32:
        return None
    boot, frequency, start, clock, buffers_lost = struct.unpack_from("<qqqII", payload, at)
    return FileHeader(
        size, version, processors, pointer, lost, buffers_lost, written, bool(mode & _CIRCULAR), mhz, boot, frequency,
        start, end, clock, stamp,
    )  # fmt: skip


def cut_short(header: FileHeader, there: int, size: int) -> Problem | None:
    """Where a file of ``size`` bytes ends before the buffers that its header counts; ``None`` where all are there.

    A trace that was not closed counts none, and nothing is known then.
    """
    if header.circular or header.buffers_written <= there:
        return None
    return Problem(
        size, f"the file is cut short: its header counts {header.buffers_written} buffers, {there} are there"
    )


def filetimes(header: FileHeader, stamps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Time stamps of records as FILETIMEs. Stamps of the system clock are FILETIMEs already.

    Whole seconds and rest are taken apart, since a day of ticks times 10^7 is more than 64 bits hold.
    """
    if header.clock == 2:
        return stamps
    frequency = header.cpu_mhz * 1_000_000 if header.clock == 3 else header.frequency
    if frequency <= 0:
        return np.full(len(stamps), header.start_time)
    ticks = stamps - header.first_stamp
    seconds, rest = np.divmod(ticks, frequency)
    made: npt.NDArray[np.int64] = header.start_time + seconds * 10_000_000 + rest * 10_000_000 // frequency
    return made


def sorted_by(first: list[int], buffers: list[Buffer]) -> Iterator[tuple[int, Buffer]]:
    """Buffers in order of their first record's stamp."""
    for n in sorted(range(len(buffers)), key=lambda n: (first[n], n)):
        yield first[n], buffers[n]
