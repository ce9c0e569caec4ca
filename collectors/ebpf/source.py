"""What the eBPF collector is worth, and whether this machine can run it."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from collectors.interface import CollectorError, LiveCollector, Source, Wanted
from pipeline import schema

BTF = Path("/sys/kernel/btf/vmlinux")
_RAW_TRACEPOINT = 17
_RETURN_0 = bytes.fromhex("b700000000000000") + bytes.fromhex("9500000000000000")


def usable() -> str | None:
    """Why the sensor cannot be loaded here; ``None`` where its kinds of programs are permitted.

    The sensor itself is not loaded: that takes a second, and its refusal has its own words.
    """
    if sys.platform != "linux":
        return f"eBPF needs Linux, this is {sys.platform}"
    from collectors.ebpf.collector import OBJECT  # noqa: PLC0415 - numpy and Arrow, only where it may be used
    from collectors.kernel.libbpf import library  # noqa: PLC0415 - the same

    if not OBJECT.exists():
        return "the kernel sensor is not built: run `make sensor` (it needs clang and libbpf-dev)"
    if not os.access(BTF, os.R_OK):
        return f"the kernel does not describe its structures ({BTF} cannot be read)"
    try:
        load = library().c.bpf_prog_load
    except CollectorError as error:
        return str(error)
    code = ctypes.create_string_buffer(_RETURN_0, len(_RETURN_0))
    program = load(_RAW_TRACEPOINT, b"lictor_source", b"GPL", code, ctypes.c_size_t(len(_RETURN_0) // 8), None)
    if program < 0:
        return f"the kernel refuses tracing programs ({os.strerror(-program)}): run as root, outside a container that filters bpf(2)"
    os.close(program)
    return None


def build(wanted: Wanted) -> LiveCollector:
    """The collector, not open yet."""
    from collectors.ebpf.collector import EbpfCollector  # noqa: PLC0415 - see ``usable``

    return EbpfCollector(wanted.cgroup, on_candidates=wanted.on_candidates)


EBPF = Source(
    name="ebpf",
    title="the kernel sensor (eBPF, CO-RE)",
    needs="Linux 5.15 or newer with BTF, root, libbpf 1.x",
    operations=frozenset(o.name for o in schema.OPERATIONS if not o.windows_only),
    sees="every operation of Linux by the processes of a run, with the kernel's own paths, inodes and results",
    misses="file opens through io_uring (their set-up is a row); what a full ring drops, which is counted",
    costs="some microseconds for each traced call of a run, two loads for each of everybody else",
    acts="in the kernel, before a call returns; what the kernel cannot decide, afterwards from user space",
    usable=usable,
    build=build,
    platform="linux",
    inline=True,
)
