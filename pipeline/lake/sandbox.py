"""The query worker's cage: what it may still do after ``confine``.

DuckDB's own locks do not suffice (an allowed folder is writable, and a COPY inside a WITH passes
as a SELECT), so the operating system holds the line: Landlock where the kernel has it, else
another user, else nothing but a refusal.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path

from pipeline.lake import landlock, layout
from pipeline.lake.errors import LakeError

SYSTEM_FILES = tuple(
    Path(p)
    for p in (
        "/proc/self/cgroup", "/proc/self/mountinfo", "/proc/stat", "/proc/meminfo",
        "/sys/devices/system/cpu/online", "/sys/fs/cgroup",
    )
)  # fmt: skip
"""What DuckDB reads of the machine to size itself; without them version 2.0 aborts."""

_NOBODY = 65534
_PR_SET_PDEATHSIG = 1
_CAPABILITIES = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_DAC_READ_SEARCH = 1 << 2
_libc = ctypes.CDLL(None, use_errno=True)


def confine(root: Path, *, memory: int, seconds: float | None, unsafe: bool) -> str:
    """Give up every right but reading the lake's tables; returns what holds it: for messages and tests.

    Call it with one thread, after the imports and before DuckDB connects. ``memory`` in bytes, ``seconds`` of all
    processors together; ``None`` for a worker that stays, whose asker ends it.
    Raises ``LakeError`` where nothing here can confine the worker, unless ``unsafe``.
    """
    threads = _threads()
    if threads != 1:
        raise LakeError(f"the query worker has {threads} threads before it is locked down: please report this")
    _die_with_parent()
    _limit(memory, seconds)
    if landlock.abi():
        held = f"landlock {landlock.restrict([*(root / n for n in layout.READABLE), *SYSTEM_FILES])}"
        drop_capabilities()
    elif os.geteuid() == 0:
        _become_nobody(root)
        held = "user nobody"
    elif unsafe:
        held = "nothing"
    else:
        raise LakeError(
            "this kernel has no Landlock to lock a query down: boot with lsm=landlock,… (Linux 5.13 or later),"
            " run as root, or accept the risk with --unsafe"
        )
    return held


def drop_capabilities() -> None:
    """Root without root's powers; reading what file modes forbid stays, since a lake may belong to another user."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0)
    keep = _DAC_READ_SEARCH if os.geteuid() == 0 else 0
    data = (ctypes.c_uint32 * 6)(keep, keep, 0, 0, 0, 0)  # effective, permitted, inheritable; low and high words
    if _libc.capset(header, data) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"capset: {os.strerror(number)}")


def capabilities() -> int:
    """Effective capabilities of this thread as a bit set (the first 32)."""
    data = (ctypes.c_uint32 * 6)()
    _libc.capget((ctypes.c_uint32 * 2)(_CAPABILITIES, 0), data)
    return int(data[0])


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def _die_with_parent() -> None:
    """A worker whose asker is gone has nobody to answer."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _limit(memory: int, seconds: float | None) -> None:
    """Lower what the kernel counts: bytes of memory, processor seconds, bytes written to files (none).

    Not the number of processes: that limit counts every thread of the user, and Arrow starts some when
    it first scans. Nothing can be executed anyway: Landlock grants that right for no file.
    """
    processors = os.cpu_count() or 1
    time = [] if seconds is None else [(resource.RLIMIT_CPU, int(seconds * processors) + 5)]
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        *time,
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)  # noqa: PLW2901  # a lower limit stays
        resource.setrlimit(kind, (value, value))


def _become_nobody(root: Path) -> None:
    """Another user, who can write nothing of the lake; it must be able to read it, though."""
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    for name in ("", *layout.READABLE):
        folder = root / name
        if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
            raise LakeError(
                f"{folder}: this kernel has no Landlock, so queries run as user nobody, who may not read here:"
                f" boot with lsm=landlock,…, or let everybody read it (chmod -R o+rX {root})"
            )
        if os.access(folder, os.W_OK):
            raise LakeError(
                f"{folder}: everybody may write here, so a query could change the lake: chmod -R o-w {root}"
            )
