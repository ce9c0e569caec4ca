"""The container of an event log (``.evtx``): its chunks, how many records each holds, and whether its checksums are right.

[MS-EVEN6] and the format's published descriptions: a header of 4 KiB (``ElfFile``), then chunks of 64 KiB (``ElfChnk``),
each with texts and templates of its own. So a chunk can be read alone, and damage to one is told by its offset.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from collectors.replay.etl_file import Problem

FILE_HEADER, CHUNK, RECORDS_AT = 4096, 65_536, 512
MAGIC, CHUNK_MAGIC, _RECORD_MAGIC = b"ElfFile\0", b"ElfChnk\0", b"**\0\0"
_NUMBERS = struct.Struct("<QQQQIIII")


@dataclass(frozen=True)
class Chunk:
    """One chunk. ``records`` is how many record heads stand in it."""

    offset: int
    data: bytes
    records: int
    problems: tuple[Problem, ...]


def chunks(data: memoryview) -> Iterator[Chunk]:
    """All chunks that hold anything. One that begins with other bytes than it should is told of as having no records."""
    for offset in range(FILE_HEADER, len(data), CHUNK):
        raw = bytes(data[offset : offset + CHUNK])
        if not any(raw):
            continue
        if len(raw) < CHUNK:
            yield Chunk(offset, raw.ljust(CHUNK, b"\0"), *_cut(offset, raw))
        elif raw[:8] != CHUNK_MAGIC:
            yield Chunk(offset, b"", 0, (Problem(offset, "no chunk begins here; 65536 bytes are skipped"),))
        else:
            yield Chunk(offset, raw, _count(raw), tuple(_wrong_sums(offset, raw)))


def cut_short(header: bytes, size: int) -> Problem | None:
    """Where a file of ``size`` bytes ends before what its header counts; ``None`` where all is there.

    Only fewer chunks are damage: a log that was not closed counts too few, and room for more may be there.
    """
    if size < FILE_HEADER:
        return Problem(size, f"the file is cut short within its header: {size} of {FILE_HEADER} bytes are there")
    counted, there = int.from_bytes(header[42:44], "little"), -(-(size - FILE_HEADER) // CHUNK)
    if counted > there:
        return Problem(size, f"the file is cut short: its header counts {counted} chunks of records, {there} are there")
    return None


def _cut(offset: int, raw: bytes) -> tuple[int, tuple[Problem, ...]]:
    problem = Problem(offset, f"the chunk is cut short: {len(raw)} of {CHUNK} bytes are there")
    return (_count(raw) if raw[:8] == CHUNK_MAGIC else 0), (problem,)


def _free(raw: bytes) -> int:
    """Offset of the first free byte, as the chunk says."""
    free = int(_NUMBERS.unpack_from(raw, 8)[6]) if len(raw) >= 128 else 0
    return free if RECORDS_AT <= free <= len(raw) else len(raw)


def _count(raw: bytes) -> int:
    """Record heads one behind the other, up to the free space or to the first that is none."""
    at, count, end = RECORDS_AT, 0, _free(raw)
    while at + 28 <= end and raw[at : at + 4] == _RECORD_MAGIC:
        size = int.from_bytes(raw[at + 4 : at + 8], "little")
        if size < 28 or at + size > end:
            return count + 1
        count, at = count + 1, at + size
    return count


def _wrong_sums(offset: int, raw: bytes) -> Iterator[Problem]:
    if zlib.crc32(raw[:120] + raw[128:RECORDS_AT]) != int.from_bytes(raw[124:128], "little"):
        yield Problem(offset, "the checksum of the chunk's header is wrong; what is read of it may be too")
    if zlib.crc32(raw[RECORDS_AT : _free(raw)]) != int.from_bytes(raw[52:56], "little"):
        yield Problem(offset, "the checksum of the chunk's records is wrong; what is read of them may be too")


def single(header: bytes, chunk: Chunk) -> bytes:
    """A file that holds this chunk alone, for a reader of whole files."""
    made = bytearray(header[:FILE_HEADER])
    made[42:44] = (1).to_bytes(2, "little")
    made[124:128] = zlib.crc32(made[:120]).to_bytes(4, "little")
    return bytes(made) + chunk.data


def plain_header() -> bytes:
    """A header such as Windows writes: the file's own may be damaged, and nothing of it is needed to read a chunk."""
    head = bytearray(FILE_HEADER)
    struct.pack_into("<8sQQQIHHHH", head, 0, MAGIC, 0, 0, 1, 128, 1, 3, FILE_HEADER, 1)
    return bytes(head)
