"""The sensor's records as numpy types, the same layout as ``sensor/record.h``.

numpy reads the mapped ring through these types. A test compares each member's offset and
size with the BTF of the compiled object (values of maps) or with ``record.h`` itself (records
of rings, which no map names), so that the two files cannot drift apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

STRIDE = 128
"""Bytes from record to record in a ring: 8 of ring header, 120 of payload."""

HEADER = 8
CLASSES = 16
REASONS: tuple[str, ...] = ("ring_full", "priority_full", "task_map_full", "unknown")
"""Why an event was lost, by position in ``counters.lost``."""

STRUCTS: dict[str, list[tuple[str, object]]] = {
    "file_part": [
        ("path", "<u4"), ("path_to", "<u4"), ("ino", "<u8"), ("dev", "<u4"), ("open_flags", "<u4"), ("mode", "<u4"),
    ],
    "net_part": [
        ("path", "<u4"), ("family", "<u2"), ("protocol", "u1"), ("type", "u1"),
        ("src", "V16"), ("dst", "V16"), ("src_port", "<u2"), ("dst_port", "<u2"),
    ],
    "exec_part": [
        ("path", "<u4"), ("script", "<u4"), ("ino", "<u8"), ("dev", "<u4"), ("mode", "<u4"),
        ("cwd", "<u4"), ("argv", "<u4"), ("marks", "<u4"), ("argv_len", "<u4"),
    ],
    "fork_part": [("child_start", "<u8"), ("child_pid", "<u4")],
    "exit_part": [("code", "<i4")],
    "event": [
        ("time", "<u8"), ("seq", "<u8"), ("pid", "<u4"), ("tid", "<u4"), ("start", "<u8"), ("run", "<u4"),
        ("uid", "<u4"), ("image", "<u4"), ("ret", "<i4"), ("cpu", "<u2"), ("class", "u1"), ("op", "u1"),
        ("intent", "u1"), ("verdict", "u1"), ("rule", "u1"), ("enforced", "u1"), ("quality", "<u2"),
        ("scope", "<u2"), ("reserved", "<u4"),
    ],
    "chunk": [
        ("id", "<u4"), ("total", "<u4"), ("index", "<u2"), ("count", "<u2"), ("length", "<u2"), ("epoch", "<u2"),
        ("data", "V104"),
    ],
    "counters": [
        ("seq", ("<u8", (CLASSES,))), ("lost", ("<u8", (CLASSES, len(REASONS)))), ("strings", "<u8"), ("strings_lost", "<u8"),
    ],
    "tag": [
        ("run", "<u4"), ("scope", "<u4"), ("image", "<u4"), ("stop", "<u4"), ("exe_bits", "<u8"),
        ("dst", "V16"), ("dst_port", "<u2"), ("family", "<u2"), ("protocol", "u1"), ("pending", "u1"),
        ("verdict", "u1"), ("rule", "u1"),
    ],
    "port_range": [("low", "<u2"), ("high", "<u2"), ("reserved", "<u4"), ("bits", "<u8")],
    "inode_key": [("ino", "<u8"), ("dev", "<u4"), ("scope", "<u4")],
    "member": [("start", "<u8"), ("pid", "<u4"), ("run", "<u4"), ("exe", "S32")],
    "process_id": [("start", "<u8"), ("pid", "<u4"), ("reserved", "<u4")],
    "hash_key": [("hash", "<u8"), ("scope", "<u4"), ("reserved", "<u4")],
    "path_bits": [("self", "<u8"), ("below", "<u8")],
    "address_key": [("prefix_len", "<u4"), ("scope", "<u4"), ("address", "V16")],
    "settings": [("seed", "<u8"), ("epoch", "<u4"), ("watch", "<u4"), ("isolating", "<u4"), ("reserved", "<u4")],
}  # fmt: skip
"""Members of each structure in order, C alignment."""


def _made(spec: Any, *, align: bool = False) -> np.dtype[np.void]:
    """A structured type from a list or dictionary that is built at run time, which numpy's types cannot follow."""
    dtype: np.dtype[np.void] = np.dtype(spec, align=align)
    return dtype


def _members(dtype: np.dtype[np.void]) -> list[tuple[str, Any, int]]:
    """Name, type and offset of each member."""
    fields: Any = dtype.fields
    return [(name, fields[name][0], fields[name][1]) for name in dtype.names or ()]


def _dtype(name: str) -> np.dtype[np.void]:
    return _made(STRUCTS[name], align=True)


PORT_RANGE = _dtype("port_range")
STRUCTS["scope"] = [
    ("op_bits", ("<u8", (8,))), ("kill", "<u8"), ("deny", "<u8"), ("freeze", "<u8"), ("ask", "<u8"),
    ("audit", "<u8"), ("allow", "<u8"),
    ("any_path", "<u8"), ("any_exe", "<u8"), ("any_address", "<u8"), ("any_port", "<u8"), ("tree_bits", "<u8"),
    ("tcp_bits", "<u8"), ("udp_bits", "<u8"), ("defaults", ("u1", (8,))), ("enforce", "u1"), ("has_inodes", "u1"),
    ("has_paths", "u1"), ("has_names", "u1"), ("port_ranges", "<u4"), ("ports", (PORT_RANGE, (32,))),
    ("inode_bloom", ("<u8", (64,))), ("name_bloom", ("<u8", (16,))), ("successor", "<u4"), ("reserved", "<u4"),
]  # fmt: skip

SCOPE, TAG, SETTINGS, COUNTERS = _dtype("scope"), _dtype("tag"), _dtype("settings"), _dtype("counters")
PROCESS_ID, MEMBER = _dtype("process_id"), _dtype("member")
INODE_KEY, HASH_KEY, PATH_BITS, ADDRESS_KEY = (
    _dtype("inode_key"), _dtype("hash_key"), _dtype("path_bits"), _dtype("address_key"),
)  # fmt: skip

PARTS = ("file_part", "net_part", "exec_part", "fork_part", "exit_part")
PART_OFFSET = 64
"""Where the union of an event begins within its payload."""


def _event() -> np.dtype[np.void]:
    """The event with its ring header; members of the union are named ``file.path`` and so on."""
    members = [(n, t, HEADER + at) for n, t, at in _members(_made(STRUCTS["event"]))]  # record.h has no holes there
    for part in PARTS:
        prefix = part.removesuffix("_part")
        members += [(f"{prefix}.{n}", t, HEADER + PART_OFFSET + at) for n, t, at in _members(_dtype(part))]
    return _placed(members)


def _chunk() -> np.dtype[np.void]:
    return _placed([(n, t, HEADER + at) for n, t, at in _members(_made(STRUCTS["chunk"]))])


def _placed(members: list[tuple[str, Any, int]]) -> np.dtype[np.void]:
    """A record of one stride with members at given offsets, which may overlap."""
    names, formats, offsets = (list(column) for column in zip(*members, strict=True))
    return _made({"names": names, "formats": formats, "offsets": offsets, "itemsize": STRIDE})


EVENT = _event()
CHUNK = _chunk()
CHUNK_DATA = 104
CHUNK_FAULT = 0xFFFF
VERDICT_NONE = 255
RULE_DEFAULT = 255
RULE_ISOLATED = 254
