"""Frames of the write-ahead log: batches to bytes and back, without touching a file.

A log is a row of frames. Each has a 64-byte head and an Arrow IPC stream as payload::

    magic "LWF1" | table u8 | 3 zero bytes | rows u32 | payload length u64 | crc32 of the payload
    | chain (32 bytes) | crc32 of the head | zero bytes

``chain`` is SHA-256 over the chain of the frame before, this frame's head up to there and its
payload: nothing can be taken out, put in or swapped without breaking it. The head has a
checksum of its own, so that a damaged payload can be stepped over exactly: looking for the
next magic instead would find frames that an attacker wrote into a command line.
The first frame (table 0) holds the log's header as JSON.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

MAGIC = b"LWF1"
HEADER_ID = 0
TABLE_IDS = {
    "activity": 1,
    "runs": 2,
    "processes": 3,
    "findings": 4,
    "actions": 5,
    "coverage": 6,
    "policies": 7,
    "requests": 8,
    "console": 9,
    "activity_hours": 10,  # never in a log; the number is taken all the same
}
"""Numbers on disk; never reused. A test holds that every table of the schema has one."""

HEAD_BYTES = 64
_HEAD = struct.Struct("<4sB3xIQI")
_CHAIN_END = _HEAD.size + 32
_CRC = struct.Struct("<I")
_TABLE_OF_ID = {i: t for t, i in TABLE_IDS.items()}
_BROKEN_CHAIN = "the chain is broken: frames before this one are missing or were changed"
START = bytes(32)
"""Chain before the first frame of a log."""

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
"""100 ns per row for a log of a tenth of the size: checksums, the write and fdatasync all shrink with it."""


@dataclass(frozen=True)
class Frame:
    """One readable frame: its table, row count, and its payload as a zero-copy buffer."""

    table: str
    rows: int
    payload: pa.Buffer

    def read(self) -> pa.Table:
        """The rows; string columns as they were written, usually dictionary-encoded."""
        with pa.ipc.open_stream(self.payload) as stream:
            return stream.read_all()


@dataclass(frozen=True)
class Damage:
    """Bytes that are no frame. ``torn`` is the ordinary end of a log whose writer was killed."""

    offset: int
    length: int
    reason: str
    rows: int | None
    torn: bool = False


class _Head(NamedTuple):
    table_id: int
    rows: int
    length: int
    crc: int
    head: bytes
    link: bytes


@dataclass
class Scan:
    """What a log holds: header, readable frames in order, damages, where its frames ``end``, and the chain there."""

    header: dict[str, Any] | None = None
    frames: list[Frame] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)
    chain: bytes = START
    end: int = 0


def encode_header(header: dict[str, Any]) -> tuple[list[Any], bytes]:
    """First frame of a log: the buffers to write, and the chain after it."""
    payload = json.dumps(header, sort_keys=True).encode()
    payload += b" " * (-len(payload) % 8)
    return _seal(HEADER_ID, 0, payload, START)


def encode(table: str, rows: pa.RecordBatch | pa.Table, chain: bytes) -> tuple[list[Any], bytes]:
    """One frame: the buffers to write (head, payload), and the chain after it."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=_COMPRESSED) as stream:
        stream.write(rows)
    return _seal(TABLE_IDS[table], rows.num_rows, memoryview(sink.getvalue()), chain)


def _seal(table_id: int, rows: int, payload: Any, chain: bytes) -> tuple[list[Any], bytes]:
    head = _HEAD.pack(MAGIC, table_id, rows, len(payload), zlib.crc32(payload))
    link = _link(chain, head, payload)
    head += link
    head += _CRC.pack(zlib.crc32(head))
    return [head.ljust(HEAD_BYTES, b"\0"), payload], link


def _link(chain: bytes, head: bytes, payload: Any) -> bytes:
    digest = hashlib.sha256(chain)
    digest.update(head)
    digest.update(payload)
    return digest.digest()


def scan(log: pa.Buffer, *, verify_chain: bool) -> Scan:
    """Read a whole log (zero-copy). Never raises on damaged bytes: they are listed.

    A damaged payload costs its own frame only; a damaged head costs the rest of the log,
    since its length cannot be trusted. A broken chain is reported, its frame is kept.
    """
    result, view, position = Scan(), memoryview(log), 0

    def content(offset: int, length: int) -> memoryview:
        return view[offset : offset + length]

    while position < len(view):
        step = _frame_at(content, position, len(view))
        if isinstance(step, Damage):
            result.damages.append(step)
            break
        payload = log.slice(position + HEAD_BYTES, step.length)
        why = _take(result, step, payload)
        if why:
            result.damages.append(Damage(position, HEAD_BYTES + step.length, why, step.rows))
        elif verify_chain and step.link != _link(result.chain, step.head, payload):
            result.damages.append(Damage(position, 0, _BROKEN_CHAIN, None))
        result.chain = step.link
        position += HEAD_BYTES + step.length
    result.end = position
    return result


def step(
    read: Callable[[int, int], bytes], size: int, position: int, tables: Collection[str]
) -> tuple[int, Frame | Damage | None]:
    """One frame of a log that is read piece by piece: where the next one begins, and what is here.

    ``read`` takes offset and length. The header and frames of other ``tables`` are ``None``, their payload is not read.
    Behind a damaged payload the log goes on; at half a frame or a damaged head nothing can be told, and the position stays.
    """
    head = _frame_at(read, position, size)
    if isinstance(head, Damage):
        return position, head
    after = position + HEAD_BYTES + head.length
    table = _TABLE_OF_ID.get(head.table_id)
    if head.table_id == HEADER_ID or (table and table not in tables):
        return after, None
    result, payload = Scan(), pa.py_buffer(read(position + HEAD_BYTES, head.length))
    why = _take(result, head, payload)
    if why:
        return after, Damage(position, after - position, why, head.rows)
    return after, result.frames[0]


def header(read: Callable[[int, int], bytes], size: int) -> dict[str, Any] | None:
    """The first frame of a log; ``None`` where it cannot be read."""
    head = _frame_at(read, 0, size)
    if isinstance(head, Damage):
        return None
    result = Scan()
    _take(result, head, pa.py_buffer(read(HEAD_BYTES, head.length)))
    return result.header


def last_boundary(read: Callable[[int, int], bytes], size: int) -> int:
    """Where the whole frames of a log end, looking at heads only."""
    position = 0
    while position < size and not isinstance(head := _frame_at(read, position, size), Damage):
        position += HEAD_BYTES + head.length
    return position


def _frame_at(read: Callable[[int, int], bytes | memoryview], position: int, size: int) -> _Head | Damage:
    """Head of the frame at a position, or why there is none."""
    left = size - position
    head = bytes(read(position, HEAD_BYTES))
    if len(head) < HEAD_BYTES:
        return Damage(position, left, "the last frame is incomplete", None, torn=True)
    magic, table_id, rows, length, crc = _HEAD.unpack_from(head)
    if magic != MAGIC or _CRC.unpack_from(head, _CHAIN_END)[0] != zlib.crc32(head[:_CHAIN_END]):
        # After a power cut a file may end in zeros that were never written.
        torn = not any(head) and not any(bytes(read(position, left)))
        return Damage(position, left, "a frame's head is damaged", None, torn=torn)
    if length > left - HEAD_BYTES:
        return Damage(position, left, "the last frame is incomplete", rows, torn=True)
    return _Head(table_id, rows, length, crc, head[: _HEAD.size], head[_HEAD.size : _CHAIN_END])


def _take(result: Scan, head: _Head, payload: pa.Buffer) -> str | None:
    """Add a frame to the result; returns the reason when it cannot be read."""
    if zlib.crc32(payload) != head.crc:
        return "a frame's payload is damaged"
    if head.table_id == HEADER_ID:
        result.header = json.loads(bytes(payload))
    elif head.table_id in _TABLE_OF_ID:
        result.frames.append(Frame(_TABLE_OF_ID[head.table_id], head.rows, payload))
    else:
        return f"table number {head.table_id} is unknown to this version"
    return None
