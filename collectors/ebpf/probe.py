"""Live probes of what this kernel lets the sensor do, for ``lictor doctor``.

Each probe returns (name, state, found, what it costs, how to mend it). The sensor itself is
loaded, attached and made to see a process that is started for it: a sensor that loads and
sees nothing is the failure that nobody notices. The program types of the LSM tier are tried
too, though nothing needs them yet: only a live attach tells what a kernel permits.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable

from collectors.ebpf.collector import EbpfCollector
from collectors.interface import CollectorError, Run
from collectors.kernel.libbpf import library

Answer = tuple[str, str, str, str, str]

_OK, _FAIL = "ok", "fail"
_TRACING, _LSM = 26, 29
_FENTRY, _LSM_MAC = 24, 27
_RETURN_0 = bytes.fromhex("b700000000000000") + bytes.fromhex("9500000000000000")
_CANARY_S = 2.0


class _LoadOptions(ctypes.Structure):
    """``struct bpf_prog_load_opts`` up to ``attach_btf_id``; what follows is zero."""

    _fields_ = (
        ("sz", ctypes.c_size_t), ("attempts", ctypes.c_int), ("expected_attach_type", ctypes.c_int),
        ("prog_btf_fd", ctypes.c_uint32), ("prog_flags", ctypes.c_uint32), ("prog_ifindex", ctypes.c_uint32),
        ("kern_version", ctypes.c_uint32), ("attach_btf_id", ctypes.c_uint32), ("rest", ctypes.c_uint8 * 84),
    )  # fmt: skip


def sensor() -> Answer:
    """Load and attach the sensor, start a process under it, and wait for its exec to arrive."""
    collector = EbpfCollector(None)
    try:
        collector.open()
        seen = _canary(collector)
    except CollectorError as error:
        log = getattr(error, "log", "").strip().splitlines()
        detail = f"{error}" + (f" [{log[-1]}]" if log else "")
        return (
            "kernel sensor",
            _FAIL,
            detail,
            "nothing is stopped before it happens; another source sees less",
            "see the lines above; without it lictor replay still works",
        )
    finally:
        collector.close()
    if not seen:
        return (
            "kernel sensor",
            _FAIL,
            "attached, but saw nothing of a process that it should have seen",
            "nothing is stopped before it happens; another source sees less",
            "report this kernel",
        )
    return "kernel sensor", _OK, "loaded, attached, and saw the exec of a process started for it", "", ""


def _canary(collector: EbpfCollector) -> bool:
    run = collector.add_run(Run("doctor", None))
    read, write = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        try:
            os.read(read, 1)
            os.execv("/bin/true", ["true"])  # noqa: S606 - the smallest program there is
        finally:
            os._exit(127)
    try:
        collector.tag(pid, run)
        os.write(write, b"g")
        deadline = time.monotonic() + _CANARY_S
        seen = [b.num_rows for b in collector.batches(lambda: _ended(pid) or time.monotonic() > deadline) if b.num_rows]
    finally:
        os.close(read)
        os.close(write)
    return bool(seen)


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True


def lsm() -> Answer:
    """Deny inside the call, by an LSM program."""
    return _tier("LSM program", "bpf_lsm_file_open", _LSM, _LSM_MAC)


def fentry() -> Answer:
    """Observe a kernel function, by an fentry program."""
    return _tier("fentry program", "do_unlinkat", _TRACING, _FENTRY)


def _tier(name: str, function: str, type_: int, attach: int) -> Answer:
    try:
        refusal = _attach(function, type_, attach)
    except CollectorError as error:
        return name, _OK, f"not tried: {error}", "", ""
    if refusal:
        return name, _OK, f"{refusal}; not needed: the tracepoint tier is used", "", ""
    return name, _OK, "loaded and attached; not used yet: the tracepoint tier works everywhere", "", ""


def _attach(function: str, type_: int, attach: int) -> str | None:
    """Why the kernel refused, ``None`` when it attached (and detached again)."""
    c = library().c
    id_ = c.libbpf_find_vmlinux_btf_id(function.removeprefix("bpf_lsm_").encode(), attach)
    if id_ <= 0:
        return "this kernel does not have it"
    options = _LoadOptions(sz=ctypes.sizeof(_LoadOptions), expected_attach_type=attach, attach_btf_id=id_)
    code = ctypes.create_string_buffer(_RETURN_0, len(_RETURN_0))
    program = c.bpf_prog_load(
        type_, b"lictor_doctor", b"GPL", code, ctypes.c_size_t(len(_RETURN_0) // 8), ctypes.byref(options)
    )
    if program < 0:
        return f"refused at load: {os.strerror(-program)}"
    try:
        link = c.bpf_raw_tracepoint_open(None, program)
        if link < 0:
            return f"refused at attach: {os.strerror(-link)}"
        os.close(link)
    finally:
        os.close(program)
    return None


PROBES: tuple[Callable[[], Answer], ...] = (sensor, lsm, fentry)
