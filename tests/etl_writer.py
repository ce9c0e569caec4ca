"""Writes traces of Event Tracing for Windows whose content a test knows: the other direction of the reader, by hand.

Structures from evntcons.h, evntrace.h and ntwmi.h, packed with ``struct`` and no code of the reader. Real recordings of
most providers may not be redistributed, so their layouts are tested on these; the container on real files too.
"""

from __future__ import annotations

import struct
from uuid import UUID

START = 133_000_000_000_000_000  # a FILETIME: June 2022
FREQUENCY = 10_000_000
FIRST = 1_000_000
"""What the clock shows at ``START``; a tick is 100 ns."""

PROCESS, FILE, NETWORK = (
    "22fb2cd6-0e7b-422b-a0c7-2fad1fd0e716",
    "edd08927-9cc4-4e65-b970-c2560fb5c289",
    "7dd42a49-5329-4832-8dfd-43d979153a88",
)
DNS, REGISTRY, AMSI = (
    "1c95126e-7eea-49a9-a3fe-a378b03ddb4d",
    "70eb4f03-c1de-4f73-a051-33d13d5413bd",
    "2a576b87-09a7-520e-c21a-4942f0271d67",
)
POWERSHELL, AUDIT = "a0c1853b-5c40-4b15-8766-3cf1c58f985a", "e02a841c-75a3-4fa7-afc8-ae09cf9b7f23"
GENERAL = "a68ca8b7-004f-d7b6-a698-07e2de0f1f5d"
CONFIG_EX, LOST = "9b79ee91-b5fd-41c0-a243-4248e266e9d0", "6a399ae0-4bc6-4de9-870b-3657f8947e7e"
GROUP_PROCESS, GROUP_IMAGE = 0x03, 0x14


def wide(text: str) -> bytes:
    """A UTF-16 text with its NUL."""
    return text.encode("utf-16-le", "surrogatepass") + b"\0\0"


def sid(*parts: int, authority: int = 5) -> bytes:
    """A SID: ``sid(21, 1, 2, 3, 1000)`` is S-1-5-21-1-2-3-1000."""
    return bytes([1, len(parts)]) + authority.to_bytes(6, "big") + struct.pack(f"<{len(parts)}I", *parts)


def extension(type_: int, data: bytes, *, more: bool = False) -> bytes:
    """One item of extended data, as it stands on disk."""
    size = (8 + len(data) + 7) & ~7
    return struct.pack("<HHHH", size, type_, more, len(data)) + data.ljust(size - 8, b"\0")


def event(
    guid: str, id_: int, version: int, payload: bytes, tick: int, *, pid: int = 100, tid: int = 101, opcode: int = 0,
    classic: bool = False, pointer: int = 8, extended: bytes = b"",
) -> bytes:  # fmt: skip
    """A record with ``EVENT_HEADER``."""
    flags = (0x20 if pointer == 4 else 0x40) | (0x100 if classic else 0) | bool(extended)
    head = struct.pack(
        "<HBBHHIIq16sHBBBBHQQ16s", 80 + len(extended) + len(payload), 0x12 if pointer == 4 else 0x13, 0xC0, flags, 0, tid, pid,
        FIRST + tick, UUID(guid).bytes_le, id_, version, 0, 4, opcode, 0, 0, 0, bytes(16),
    )  # fmt: skip
    return _aligned(head + extended + payload)


def system(group: int, opcode: int, version: int, payload: bytes, tick: int, *, pid: int = 4, tid: int = 8) -> bytes:
    """A record of the kernel's own with ``SYSTEM_TRACE_HEADER`` (64-bit)."""
    head = struct.pack(
        "<HBBHBBIIqII", version, 0x02, 0xC0, 32 + len(payload), opcode, group, tid, pid, FIRST + tick, 0, 0
    )
    return _aligned(head + payload)


def _aligned(record: bytes) -> bytes:
    return record.ljust((len(record) + 7) & ~7, b"\0")


def file_header(*, lost: int = 0, buffers: int = 1, boot: int = START - 10**9, clock: int = 1) -> bytes:
    """The first record: ``TRACE_LOGFILE_HEADER`` of a 64-bit system."""
    fixed = struct.pack(
        "<IIIIqIIIIIIII", 65536, 0x05010106, 22621, 2, START + 10**9, 0, 0, 0, buffers, 1, 8, lost, 2000
    )
    payload = fixed.ljust(len(fixed) + 16 + 172, b"\0")
    payload = payload.ljust((len(payload) + 7) & ~7, b"\0") + struct.pack("<qqqII", boot, FREQUENCY, START, clock, 0)
    return system(0, 0, 2, payload, 0)


def buffer(records: list[bytes], sequence: int, *, processor: int = 0, size: int = 65536) -> bytes:
    """A buffer of records, filled up with ones."""
    return packed(b"".join(records), sequence, processor=processor, size=size)


def packed(body: bytes, sequence: int, *, processor: int = 0, size: int = 65536, flags: int = 0) -> bytes:
    """A buffer with this body, whatever it is."""
    used = 72 + len(body)
    assert used <= size
    head = struct.pack(
        "<IIIIqqQBBHIIHH", size, used, used, 0, START, sequence, FREQUENCY << 3 | 1, processor, 8, 1, 2, used, flags, 0
    )
    return (head.ljust(72, b"\0") + body).ljust(size, b"\xff")


def trace(*buffers: list[bytes], lost: int = 0, boot: int = START - 10**9) -> bytes:
    """A whole file: the records of each buffer, the first one headed by the file's header."""
    first, *others = buffers or ([],)
    made = [buffer([file_header(lost=lost, buffers=len(buffers) or 1, boot=boot), *first], 1)]
    return b"".join([*made, *(buffer(records, n, processor=n % 2) for n, records in enumerate(others, 2))])


def started(
    pid: int, parent: int, image: str, tick: int, *, creator: int | None = None, version: int = 3, sequence: int = 0
) -> bytes:
    """Kernel-Process 1, as a process creates another."""
    head = struct.pack("<I", pid)
    if version >= 3:
        head += struct.pack("<QqIQIIII", sequence or pid, START + tick, parent, parent, 1, 0, 1, 0) + sid(
            8192, authority=16
        )
    else:
        head += struct.pack("<qII", START + tick, parent, 1) + (struct.pack("<I", 0) if version else b"")
    tail = struct.pack("<II", 0, 0) + wide("") + wide("") if version >= 2 else b""
    return event(PROCESS, 1, version, head + wide(image) + tail, tick, pid=parent if creator is None else creator)


def stopped(pid: int, created: int, code: int, tick: int) -> bytes:
    """Kernel-Process 2 v1."""
    fields = struct.pack(
        "<IqqIIIQQQIIIII", pid, START + created, START + tick, code & 0xFFFFFFFF, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
    )
    return event(PROCESS, 2, 1, fields + b"name.exe\0", tick, pid=pid)


def command(
    pid: int, parent: int, image: str, line: str, tick: int, *, opcode: int = 1, user: bytes | None = None
) -> bytes:
    """The kernel's own process event, version 4, with the command line."""
    token = struct.pack("<QQ", 0xFFFF8000, 0) + user if user else bytes(4)
    fields = struct.pack("<QIIIIQI", 0xFFFF9000, pid, parent, 1, 0x103, 0x1AA000, 0) + token
    return system(GROUP_PROCESS, opcode, 4, fields + image.encode() + b"\0" + wide(line) + wide("") + wide(""), tick)


def opened(
    obj: int,
    path: str,
    tick: int,
    *,
    disposition: int = 1,
    options: int = 0,
    pid: int = 100,
    id_: int = 12,
    irp: int = 7,
) -> bytes:
    """Kernel-File 12 or 30, version 1."""
    fields = struct.pack("<QQIIII", irp, obj, 101, disposition << 24 | options, 0, 7)
    return event(FILE, id_, 1, fields + wide(path), tick, pid=pid)


def moved(obj: int, size: int, tick: int, *, write: bool = False, pid: int = 100, key: int = 0) -> bytes:
    """Kernel-File 15 or 16, version 1."""
    return event(FILE, 16 if write else 15, 1, struct.pack("<QQQQIIII", 0, 7, obj, key, 101, size, 0, 0), tick, pid=pid)


def connected(
    id_: int, pid: int, peer: bytes, own: bytes, port: int, own_port: int, tick: int, *, size: int = 0
) -> bytes:
    """Kernel-Network; the header's pid is a wrong one, as it is in real traces."""
    fields = struct.pack("<II", pid, size) + peer + own + struct.pack(">HH", port, own_port) + bytes(24)
    return event(NETWORK, id_, 0, fields, tick, pid=0xFFFFFFFF)


def volume(device: str, drive: str, tick: int) -> bytes:
    """The mapping of a device to a drive."""
    return event(CONFIG_EX, 0, 0, wide(device) + wide(drive), tick, opcode=35, classic=True)
