"""Connections and datagrams: Kernel-Network, and the kernel's own TcpIp and UdpIp classes.

Who it was stands in the payload: the header names whoever the kernel was running just then. Ports are big endian, IPv6
addresses 16 bytes. What was sent and received is summed up per process, peer and port over five seconds.
"""

from __future__ import annotations

import ipaddress
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.etw.decode import Part
from collectors.etw.rows import Rows, constant

SUM_OVER = 5 * 10_000_000
"""100 ns over which traffic of one flow becomes one row."""

_CONNECT, _ACCEPT, _SEND, _RECEIVE = range(4)
_OPERATIONS = ("net.connect", "net.accept", "net.send", "net.receive")
_MANIFEST = {
    12: _CONNECT,
    28: _CONNECT,
    15: _ACCEPT,
    31: _ACCEPT,
    10: _SEND,
    26: _SEND,
    42: _SEND,
    58: _SEND,
    11: _RECEIVE,
    27: _RECEIVE,
    43: _RECEIVE,
    59: _RECEIVE,
}
SAID = frozenset(_MANIFEST)
"""Ids of the events that say something new."""

_UDP = frozenset({42, 43, 58, 59})
_V4_IN_V6 = b"\x00" * 10 + b"\xff\xff"


def network(part: Part) -> Rows | None:
    """Rows of connects, accepts and summed up traffic; ``None`` for what says nothing new (retransmits, ends)."""
    kind = _MANIFEST.get(part.event.id)
    if kind is None:
        return None
    udp = part.event.id in _UDP or part.event.provider == "SystemTrace-UdpIp"
    if kind in (_CONNECT, _ACCEPT):
        everything = np.arange(len(part))
        return _rows(part, kind, udp, everything, None)
    first, total = _summed(part)
    return _rows(part, kind, udp, first, total)


def _rows(part: Part, kind: int, udp: bool, rows: npt.NDArray[np.int64], total: npt.NDArray[np.int64] | None) -> Rows:
    columns = {
        "class": constant("network", len(rows)), "operation": constant(_OPERATIONS[kind], len(rows)),
        "outcome": constant("success", len(rows)), "protocol": constant("udp" if udp else "tcp", len(rows)),
        "dst_ip": addresses(part.raw("daddr")[rows]), "src_ip": addresses(part.raw("saddr")[rows]),
        "dst_port": pa.array(part.number("dport")[rows]), "src_port": pa.array(part.number("sport")[rows]),
    }  # fmt: skip
    if total is not None:
        columns["bytes"] = pa.array(total)
    pid = part.number("PID")[rows]
    nobody = np.zeros(len(rows), np.uint64)
    return Rows(part.order[rows], part.time[rows], pid, np.full(len(rows), -1), nobody, columns)


def _summed(part: Part) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The first record of each flow and span of time, and the bytes of all of that flow and span."""
    code = np.zeros(len(part), np.int64)
    for column in (
        part.number("PID"),
        part.raw("daddr"),
        part.raw("saddr"),
        part.number("dport"),
        part.number("sport"),
        part.time // SUM_OVER,
    ):
        values = column if column.dtype.kind != "V" else _words(column)
        distinct, inverse = np.unique(values, return_inverse=True)
        code = np.unique(code * len(distinct) + inverse, return_inverse=True)[1]
    _, first, group = np.unique(code, return_index=True, return_inverse=True)
    return first, np.bincount(group, weights=part.number("size")).astype(np.int64)


def _words(raw: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """A number for each distinct address."""
    encoded = _binary(raw).dictionary_encode()
    words: npt.NDArray[np.int64] = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return words


def _binary(raw: npt.NDArray[Any]) -> pa.Array:
    size = raw.dtype.itemsize
    offsets = np.arange(len(raw) + 1, dtype=np.int32) * size
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(raw), [None, pa.py_buffer(offsets), pa.py_buffer(raw.tobytes())]
    )


def addresses(raw: npt.NDArray[np.void]) -> pa.StringArray:
    """Addresses as text, IPv4 in IPv6 as IPv4; each distinct one is written once."""
    encoded = _binary(raw).dictionary_encode()
    texts = [
        str(ipaddress.ip_address(b[12:] if b.startswith(_V4_IN_V6) and len(b) == 16 else b))
        for b in encoded.dictionary.to_pylist()
    ]
    return pa.array(texts, pa.string()).take(encoded.indices)
