"""Who a process is: one signed 64-bit key for (boot, start time, pid).

A pid is used again, a start time alone is shared, and both begin anew at each boot. The
three together name one process for ever, and they can be had from a kernel record (where
the sensor reads ``start_boottime`` of the thread group's leader) and from ``/proc`` alike,
so that rows, the enforcer and a later reader all speak of the same process.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TICK_NS = 10_000_000
"""Unit of field 22 of ``/proc/<pid>/stat``: the kernel's ``nsec_to_clock_t`` divides by this, rounding down."""

_PID_BITS = 22  # PID_MAX_LIMIT is 2^22, so 42 bits are left for ticks: 1,394 years of 10 ms
_WORD = (1 << 64) - 1
_PF_KTHREAD = 0x00200000  # include/linux/sched.h; task flags are field 9 of /proc/<pid>/stat
_DEAD = frozenset("ZXx")


@dataclass(frozen=True)
class ProcessStat:
    """What ``/proc/<pid>/stat`` says of a process.

    ``start_ticks`` counts 10 ms since boot. ``dead`` is true for a zombie too: it runs no
    more code and only its parent's ``wait`` is missing.
    """

    pid: int
    parent_pid: int
    start_ticks: int
    dead: bool
    kernel_thread: bool


@cache
def boot_id() -> str:
    """The kernel's name for this boot; raises ``OSError`` where ``/proc`` is not mounted."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def process_keys(boot_id: str, start_boottime_ns: NDArray[np.int64], tgid: NDArray[np.int32]) -> NDArray[np.int64]:
    """Keys of many processes of one boot; shape of the inputs, dtype int64.

    ``start_boottime_ns`` is that of the thread group's leader (ns since boot), ``tgid`` the pid
    in the first pid namespace. Within one boot no two distinct (10 ms tick, tgid) pairs share
    a key: they are packed side by side and every further step can be undone.
    """
    ticks = (np.asarray(start_boottime_ns, np.int64) // TICK_NS).view(np.uint64)
    packed = (ticks << np.uint64(_PID_BITS)) | np.asarray(tgid, np.int32).astype(np.uint64)
    return _mix(packed ^ _boot_hash(boot_id)).view(np.int64)


def process_key_from_proc(pid: int) -> int:
    """Key of a process that exists (a zombie too); raises ``ProcessLookupError`` when there is none.

    ``pid`` counts in the pid namespace of the ``/proc`` mount; that must be the first one for
    the key to equal the kernel record's.
    """
    return key_of(read_stat(pid))


def key_of(stat: ProcessStat) -> int:
    """Key of the process that ``stat`` was read from, for the running boot.

    In plain integers: one at a time, numpy's calls would take ten times as long, and a kill looks at thousands.
    """
    value = _mix_one(stat.start_ticks << _PID_BITS & _WORD | stat.pid, int(_boot_hash(boot_id())))
    return value - (1 << 64) if value >> 63 else value


def read_stat(pid: int) -> ProcessStat:
    """Read ``/proc/<pid>/stat`` once; raises ``ProcessLookupError`` when the process is gone."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            text = os.read(descriptor, 4096)  # a line of some 350 bytes, which the kernel gives whole
        finally:
            os.close(descriptor)
    except (FileNotFoundError, ProcessLookupError) as error:  # ESRCH: it went between open and read
        raise ProcessLookupError(f"no process {pid}") from error
    return parse_stat(text, _time_namespace_ticks())


def parse_stat(text: bytes, namespace_ticks: int = 0) -> ProcessStat:
    """Parse one ``/proc/<pid>/stat`` line.

    ``namespace_ticks`` is what the reader's time namespace added to the start time.
    """
    # The name in field 2 may hold spaces and brackets; only the last bracket ends it.
    name_end = text.rindex(b")")
    fields = text[name_end + 2 :].split()
    return ProcessStat(
        pid=int(text[: text.index(b" ")]),
        parent_pid=int(fields[1]),
        start_ticks=int(fields[19]) - namespace_ticks,
        dead=fields[0].decode("ascii") in _DEAD,
        kernel_thread=bool(int(fields[6]) & _PF_KTHREAD),
    )


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of each value over the word (finaliser of splitmix64, a bijection)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _mix_one(value: int, boot: int) -> int:
    """``_mix`` of one value that is folded with the boot's hash."""
    value ^= boot
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _WORD
    return value ^ value >> 31


@lru_cache(maxsize=64)
def _boot_hash(boot_id: str) -> np.uint64:
    digest = blake2b(boot_id.encode(), digest_size=8, person=b"lictor.boot").digest()
    return np.uint64(int.from_bytes(digest, "little"))


@cache
def _time_namespace_ticks() -> int:
    """Ticks by which ``/proc`` shifts start times for this reader (0 outside a time namespace)."""
    if os.sysconf("SC_CLK_TCK") != 1_000_000_000 // TICK_NS:
        raise OSError("this system counts /proc start times in other units than 10 ms; Lictor knows none such")
    try:
        lines = Path("/proc/self/timens_offsets").read_text(encoding="ascii").splitlines()
    except OSError:  # before 5.6, or built without time namespaces
        return 0
    _, seconds, nanoseconds = next(line.split() for line in lines if line.startswith("boottime"))
    return (int(seconds) * 1_000_000_000 + int(nanoseconds)) // TICK_NS
