"""What the kernel lets this user do with BPF, tried by the system call itself.

Neither the kernel's version nor its configuration nor the list of security modules tells the
truth: containers, lockdown and virtual machines refuse single program types. So maps are
made, memory is mapped, programs are loaded and attached, and all of it is gone on return.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import struct
from collections.abc import Callable
from pathlib import Path

from lictor.probes.check import FAIL, OK, WARN, Check

_SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "s390x": 351, "ppc64le": 361}
_MAP_CREATE, _PROG_LOAD, _RAW_TRACEPOINT_OPEN = 0, 5, 17
_MAP_ARRAY, _MAP_RINGBUF = 2, 27
_RAW_TRACEPOINT, _CGROUP_SOCK_ADDR, _CONNECT4 = 17, 18, 10
_RETURN = {n: struct.pack("<BBhiBBhi", 0xB7, 0, 0, n, 0x95, 0, 0, 0) for n in (0, 1)}
"""The program ``r0 = n; exit``."""

_BTF = Path("/sys/kernel/btf/vmlinux")
_NO_SENSOR = "the kernel sensor cannot run: nothing is stopped before it happens; another source sees less"
_FIX = "run as root, outside a container that filters bpf(2)"


def kernel_release() -> Check:
    """The version is only where to begin; the probes below decide."""
    release = platform.release()
    if platform.system() != "Linux":
        return Check(
            "kernel", FAIL, platform.system(), _NO_SENSOR, "run on Linux, or replay a recorded trace: lictor replay"
        )
    new_enough = tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit()) >= (5, 15)
    if new_enough:
        return Check("kernel", OK, release)
    return Check("kernel", FAIL, f"{release}, want 5.15 or newer", _NO_SENSOR, "update the kernel")


def kernel_types() -> Check:
    """BTF: the kernel's own description of its structures, by which one sensor fits all kernels."""
    if os.access(_BTF, os.R_OK):
        return Check("BTF", OK, f"{_BTF}, {_BTF.stat().st_size:,} bytes")
    return Check(
        "BTF", FAIL, f"{_BTF} is missing or unreadable", _NO_SENSOR, "use a kernel built with CONFIG_DEBUG_INFO_BTF"
    )


def system_call() -> Check:
    """bpf(2): the simplest map there is."""
    return _tried("bpf(2)", lambda: _map(_MAP_ARRAY, 4, 4, 1), "a map was made", FAIL, _NO_SENSOR)


def ring_buffer() -> Check:
    """The ring as the collector uses it: the consumer's page writable, the producer's pages read-only."""
    return _tried("ring buffer", _map_ring, "made and mapped", FAIL, _NO_SENSOR)


def raw_tracepoint() -> Check:
    """Load and attach: what observes."""
    return _tried("raw tracepoint", _attach_raw_tracepoint, "loaded and attached", FAIL, _NO_SENSOR)


def cgroup_connect() -> Check:
    """Load: what denies network inline (attaching needs a cgroup: see that probe)."""
    costs = "network rules cannot refuse a connection before it is made"
    return _tried("cgroup connect program", _load_connect, "loaded", WARN, costs)


def _tried(name: str, attempt: Callable[[], int], found: str, otherwise: str, costs: str) -> Check:
    try:
        os.close(attempt())
    except OSError as error:
        why = errno.errorcode.get(error.errno or 0, "?")
        return Check(name, otherwise, f"refused: {error.strerror} ({why})", costs, _FIX)
    return Check(name, OK, found)


def _map(type_: int, key: int, value: int, entries: int) -> int:
    return _bpf(_MAP_CREATE, struct.pack("=IIII", type_, key, value, entries))


def _map_ring() -> int:
    page, shared = mmap.PAGESIZE, mmap.MAP_SHARED
    descriptor = _map(_MAP_RINGBUF, 0, 0, page)
    try:
        mmap.mmap(descriptor, page, shared, mmap.PROT_READ | mmap.PROT_WRITE).close()
        # Behind the consumer's page: the producer's page, then the data twice.
        mmap.mmap(descriptor, 3 * page, shared, mmap.PROT_READ, offset=page).close()
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _attach_raw_tracepoint() -> int:
    program = _load(_RAW_TRACEPOINT, 0, _RETURN[0])
    try:
        name = ctypes.create_string_buffer(b"sched_process_exit")
        return _bpf(_RAW_TRACEPOINT_OPEN, struct.pack("=QI4x", ctypes.addressof(name), program), name)
    finally:
        os.close(program)


def _load_connect() -> int:
    return _load(_CGROUP_SOCK_ADDR, _CONNECT4, _RETURN[1])


def _load(type_: int, attach: int, code: bytes) -> int:
    instructions = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    where = (ctypes.addressof(instructions), ctypes.addressof(licence))
    attributes = struct.pack(
        "=IIQQIIQII16sII", type_, len(code) // 8, *where, 0, 0, 0, 0, 0, b"lictor_doctor", 0, attach
    )
    return _bpf(_PROG_LOAD, attributes, instructions, licence)


def _bpf(command: int, attributes: bytes, *alive: object) -> int:
    """The bare system call; ``alive`` keeps the buffers that ``attributes`` points to. Raises ``OSError``."""
    number = _SYSCALL.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, f"no bpf(2) number known for {platform.machine()}")
    libc = ctypes.CDLL(None, use_errno=True)
    padded = ctypes.create_string_buffer(attributes, 128)
    descriptor = int(libc.syscall(ctypes.c_long(number), ctypes.c_long(command), padded, ctypes.c_long(len(padded))))
    del alive
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return descriptor


PROBES = (kernel_release, kernel_types, system_call, ring_buffer, raw_tracepoint, cgroup_connect)
