"""Who a process is, and which boot this is, on systems with ``/proc`` and without.

On Linux and Windows the keys are those of every other source. Elsewhere they are made of what psutil knows: the same three facts,
so that one process has one key for as long as it lives.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache

import numpy as np
import psutil

from collectors import identity
from collectors.etw import machine, processkey
from collectors.interface import Origin
from collectors.portable import windows

LINUX = sys.platform == "linux"
WINDOWS = sys.platform == "win32"


@dataclass(frozen=True)
class Identity:
    """One process: ``start`` only tells two of one pid apart; ``dead`` is true for a zombie too."""

    pid: int
    key: int
    parent_pid: int
    start: int
    dead: bool = False


def present() -> dict[int, int | None]:
    """Pid → ``Identity.start`` of everybody; ``None`` where the system's list does not tell it.

    Windows gives a pid that was freed to the next process, so that a pid alone does not tell whether somebody new is there.
    """
    if WINDOWS:
        return {one.pid: one.created for one in machine.processes()}
    return dict.fromkeys(psutil.pids())


def identify(pid: int) -> Identity:
    """Look at a process; raises ``ProcessLookupError`` when there is none, or none that may be looked at."""
    if LINUX:
        stat = identity.read_stat(pid)
        return Identity(pid, identity.key_of(stat), stat.parent_pid, stat.start_ticks, stat.dead)
    if WINDOWS:
        return _on_windows(pid)
    return _by_psutil(pid)


def _on_windows(pid: int) -> Identity:
    created, parent = windows.look(pid)
    return Identity(pid, processkey.process_key(boot_id(), created, pid), parent, created)


def _by_psutil(pid: int) -> Identity:
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            since_boot = int((process.create_time() - psutil.boot_time()) * 1e9)
            key = identity.process_keys(boot_id(), np.array([since_boot]), np.array([pid], np.int32))
            dead = process.status() == psutil.STATUS_ZOMBIE
            return Identity(pid, int(key[0]), process.ppid(), since_boot, dead)
    except psutil.Error as error:
        raise ProcessLookupError(f"no process {pid}") from error


@cache
def boot_id() -> str:
    """The system's name for this boot."""
    if LINUX:
        return identity.boot_id()
    if WINDOWS:
        return machine.boot_id()
    asked = subprocess.run(["sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or f"boot-{int(psutil.boot_time())}"


def origin() -> Origin:
    """What rows say of where they come from."""
    return Origin(socket.gethostname(), boot_id())


def boot_offset_ns() -> int | None:
    """Nanoseconds to take from the time since 1970 for the boot clock; ``None`` where there is no such clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return None if clock is None else time.time_ns() - time.clock_gettime_ns(clock)
