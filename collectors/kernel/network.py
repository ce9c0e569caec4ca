"""Columns of network rows: addresses, ports, protocol.

Addresses cross from the kernel as 16 bytes, IPv4 as ``::ffff:a.b.c.d``; each distinct one
is spelled once.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.kernel.columns import Table, looked_up, masked, scattered
from collectors.kernel.members import Records
from pipeline import schema

_NETWORK = schema.CLASSES.index("network")
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_UNIX = 256 + _AF_UNIX
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp", 136: "udplite", 262: "mptcp", _UNIX: "unix"}


@lru_cache(maxsize=4096)
def address_text(raw: bytes) -> str | None:
    """Spelling of a 16-byte address; IPv4 where it is mapped."""
    address = ipaddress.IPv6Address(raw)
    return str(address.ipv4_mapped or address)


def _addresses(raw: NDArray[np.void], present: NDArray[np.bool_]) -> pa.Array:
    packed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(raw), [None, pa.py_buffer(raw.tobytes())])
    encoded = packed.dictionary_encode()
    codes = np.where(present, encoded.indices.to_numpy(), -1)
    return Table([*map(address_text, encoded.dictionary.to_pylist()), None]).take(codes)  # -1 is the last: NULL


def columns(records: Records) -> dict[str, pa.Array]:
    """Network columns; none when the batch has no network row."""
    rows = np.flatnonzero(records["class"] == _NETWORK)
    if not len(rows):
        return {}
    # Network rows alone: in the others the same bytes are inodes and string ids.
    return scattered(rows, _of_network(records[rows]), len(records))


def _of_network(records: NDArray[np.void]) -> dict[str, pa.Array]:
    family = records["net.family"]
    inet = (family == _AF_INET) | (family == _AF_INET6)
    spoken = np.where(inet, records["net.protocol"].astype(np.int32), 0)  # wide enough for what is not a number of IP
    protocol = np.where(family == _AF_UNIX, _UNIX, spoken)
    found = {
        "protocol": looked_up(protocol, lambda ids: [_PROTOCOLS.get(i, str(i) if i else None) for i in ids.tolist()]),
    }
    for side in ("src", "dst"):
        port = np.where(inet, records[f"net.{side}_port"], 0).astype(np.int32)
        raw = np.ascontiguousarray(records[f"net.{side}"])
        some = inet & (raw.view(np.uint64).reshape(-1, 2) != 0).any(axis=1)
        found[f"{side}_ip"] = _addresses(raw, some)
        found[f"{side}_port"] = masked(port, inet & (port != 0), schema.INT)
    return found
