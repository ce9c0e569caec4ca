"""Which sockets the processes of a run hold, and who else holds them, read from ``/proc``.

A pid may name another process by the time it is looked at. The open directory of a process in
``/proc`` cannot: it is opened first, membership is read through it, and all else after that.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from enforcer.linux.cgroupfs import CgroupError, own_cgroup

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_KCMP = {"x86_64": 312, "aarch64": 272}.get(platform.machine())
_KCMP_FILES = 2
_SOCKET = re.compile(r"socket:\[(\d+)\]")
_libc = ctypes.CDLL(None, use_errno=True)


class Process(NamedTuple):
    """A live process: its open directory in ``/proc``, its threads, and its path in the cgroup tree."""

    pid: int
    directory: int
    threads: list[int]
    cgroup: str

    def below(self, path: str) -> bool:
        """Whether it is in this cgroup or in one below it."""
        return f"{self.cgroup}/".startswith(f"{path.rstrip('/')}/")


class Held(NamedTuple):
    """A descriptor that names a socket."""

    fd: int
    inode: int


@contextlib.contextmanager
def opened(pid: int) -> Iterator[Process | None]:
    """A process for the time of a ``with`` block; ``None`` when it has ended."""
    try:
        directory = os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        yield _looked_at(pid, directory)
    finally:
        os.close(directory)


def _looked_at(pid: int, directory: int) -> Process | None:
    try:
        threads = [int(name) for name in _listed(directory, "task")]
        state = _read(directory, "stat").rpartition(")")[2].split()[0]
        cgroup = own_cgroup(_read(directory, "cgroup"))
    except (OSError, CgroupError):
        return None
    if state in "ZX" and threads == [pid]:  # a leader may be dead while other threads of it act
        return None
    return Process(pid, directory, threads, cgroup)


def sockets(process: Process) -> Iterator[tuple[int, list[Held]]]:
    """Sockets that the process's descriptors name, by thread: one stands for all that share its table.

    Raises ``PermissionError`` for what may not be read. A thread that ends meanwhile holds nothing.
    """
    for thread in process.threads:
        if thread == process.pid or not _shares_table(process.pid, thread):
            yield thread, _of_thread(process, thread)


def _shares_table(pid: int, thread: int) -> bool:
    """Whether two threads have one table of descriptors; false also where the kernel does not tell: both are read."""
    return _KCMP is not None and _libc.syscall(_KCMP, pid, thread, _KCMP_FILES, 0, 0) == 0


def _of_thread(process: Process, thread: int) -> list[Held]:
    try:
        table = os.open(f"task/{thread}/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=process.directory)
    except (FileNotFoundError, ProcessLookupError):
        return []
    try:
        return [Held(int(fd), inode) for fd in _names(table) if (inode := _inode(table, fd))]
    finally:
        os.close(table)


def _names(directory: int | str) -> list[str]:
    """What a directory holds; nothing when its process has ended."""
    try:
        with os.scandir(directory) as entries:
            return [entry.name for entry in entries]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _inode(table: int, fd: str) -> int:
    """Inode of the socket that a descriptor names; 0 when it names something else, or nothing any more."""
    try:
        found = _SOCKET.fullmatch(os.readlink(fd, dir_fd=table))
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) if found else 0


def others(inodes: Collection[int], members: Collection[int], seconds: float) -> tuple[list[int], bool]:
    """Pids outside of ``members`` that hold one of these sockets too, and whether all were looked at in that time."""
    deadline = time.monotonic() + seconds
    found: list[int] = []
    for pid in [int(name) for name in _names("/proc") if name.isdigit()]:
        if time.monotonic() > deadline:
            return found, False
        if pid not in members and _holds(pid, inodes):
            found.append(pid)
    return found, True


def _holds(pid: int, inodes: Collection[int]) -> bool:
    with opened(pid) as process, contextlib.suppress(PermissionError):
        return process is not None and any(held.inode in inodes for held in _of_thread(process, pid))
    return False


def _listed(directory: int, name: str) -> list[str]:
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    try:
        return _names(descriptor)
    finally:
        os.close(descriptor)


def _read(directory: int, name: str) -> str:
    descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        return os.read(descriptor, 1 << 16).decode("utf-8", "surrogateescape")
    finally:
        os.close(descriptor)
