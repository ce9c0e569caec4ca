"""What the BCC collector is worth, and whether this machine can run it."""

from __future__ import annotations

import ctypes
import os
import platform
import sys

from collectors.bcc.machine import bcc_path, headers
from collectors.interface import CollectorError, LiveCollector, Source, Wanted

_RAW_TRACEPOINT, _RING = 17, 27
_PAGE = 4096
_RETURN_0 = bytes.fromhex("b700000000000000") + bytes.fromhex("9500000000000000")


def usable() -> str | None:
    """Why it cannot be used here; ``None`` where what it needs is installed and the kernel permits its kinds of programs and maps.

    Nothing is compiled: that takes some seconds, and its refusal has its own words.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return f"its programs know Linux on x86-64 only, this is {sys.platform} on {platform.machine()}"
    if bcc_path() is None:
        return "BCC is not installed (Debian: apt install python3-bpfcc)"
    if headers() is None:
        return "no kernel headers are installed (Debian: apt install linux-headers-amd64)"
    return _refusal()


def _refusal() -> str | None:
    from collectors.kernel.libbpf import library  # noqa: PLC0415 - only where it may be used

    try:
        c = library().c
    except CollectorError as error:
        return str(error)
    code = ctypes.create_string_buffer(_RETURN_0, len(_RETURN_0))
    program = c.bpf_prog_load(
        _RAW_TRACEPOINT, b"lictor_source", b"GPL", code, ctypes.c_size_t(len(_RETURN_0) // 8), None
    )
    if program < 0:
        return f"the kernel refuses tracing programs ({os.strerror(-program)}): run as root, outside a container that filters bpf(2)"
    os.close(program)
    ring = c.bpf_map_create(_RING, b"lictor_source", 0, 0, _PAGE, None)
    if ring < 0:
        return f"the kernel has no ring buffers for programs ({os.strerror(-ring)}): it needs 5.8 or newer"
    os.close(ring)
    return None


def build(wanted: Wanted) -> LiveCollector:
    """The collector, not open yet."""
    from collectors.bcc.collector import BccCollector  # noqa: PLC0415 - see ``usable``

    return BccCollector(on_candidates=wanted.on_candidates)


BCC = Source(
    name="bcc",
    title="tracepoints, compiled on the machine (BCC)",
    needs="Linux 5.8 or newer on x86-64, with or without BTF; root, python3-bpfcc, kernel headers, libbpf 1.x",
    operations=frozenset(
        ("fork", "exec", "exit", "file.open", "file.read", "file.write", "file.create", "file.delete", "file.rename",
         "file.link", "file.symlink", "file.chmod", "file.mkdir", "file.truncate", "net.connect", "kernel.io_uring")
    ),
    sees="every program, open, change of names and connect by the processes of a run, with paths as the program gave them, "
    "links followed afterwards",
    misses="inodes; whether an open made its file, unless it had to; sockets other than by connect; file opens through "
    "io_uring (their set-up is a row); what a full ring drops, which is counted",
    costs="some microseconds for each traced call of a run, one look into a table for every call of everybody else; "
    "some seconds to compile when it starts",
    acts="afterwards from user space",
    usable=usable,
    build=build,
    platform="linux",
)  # fmt: skip
