"""Files of ``/proc`` and of cgroups, and signals, with nothing but ``os``: for the keeper, which is to stay small.

Whatever these look at may be gone: reads are empty then, writes do nothing.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import suppress

_AT_ONCE = 256  # descriptors held open at a time
_STOPS = sum(1 << (number - 1) for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU))


def opened(path: str, flags: int = os.O_RDONLY) -> int:
    """A descriptor, or -1."""
    with suppress(OSError):
        return os.open(path, flags | os.O_CLOEXEC)
    return -1


def closed(descriptor: int) -> int:
    """Close a descriptor that may be -1; gives -1."""
    if descriptor >= 0:
        os.close(descriptor)
    return -1


def read(path: str) -> bytes:
    """All of a file; empty where it cannot be read."""
    descriptor, text = opened(path), b""
    with suppress(OSError):
        while piece := os.read(descriptor, 65536):
            text += piece
    closed(descriptor)
    return text


def write(path: str, text: str) -> None:
    """Write a control file in one piece."""
    descriptor = opened(path, os.O_WRONLY)
    with suppress(OSError):
        os.write(descriptor, text.encode())
    closed(descriptor)


def remove(folder: str) -> None:
    """Remove an empty folder."""
    with suppress(OSError):
        os.rmdir(folder)  # noqa: PTH106 - pathlib is larger than all of the keeper


def stat(pid: int) -> list[bytes]:
    """Fields of ``/proc/<pid>/stat`` from the state on; empty when the process is gone."""
    return read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def lives(pid: int, start: int) -> bool:
    """Whether the process that began at ``start`` (ticks, as ``/proc`` shows them) still runs."""
    fields = stat(pid)
    return bool(fields) and fields[0] not in b"ZX" and int(fields[19]) == start


def everybody() -> Iterator[tuple[int, int, int]]:
    """Pid, parent and start of every process."""
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - see remove
        if fields := stat(int(name)):
            yield int(name), int(fields[1]), int(fields[19])


def stops(pid: int) -> bool:
    """Whether a signal has stopped a process, or will do so as soon as it is thawed."""
    # The kernel writes the state first and the pending signals later, so one taken up in between shows in neither.
    # By the second look it has stopped the process: SIGSTOP is taken up and obeyed under one lock.
    return any(_shows_stop(read(f"/proc/{pid}/status")) for _ in range(2))


def _shows_stop(status: bytes) -> bool:
    for line in status.splitlines():
        key, _, value = line.partition(b":\t")
        if (key == b"State" and value[:1] == b"T") or (key in {b"SigPnd", b"ShdPnd"} and int(value, 16) & _STOPS):
            return True
    return False


def send(pids: Iterable[int], number: int, look: Callable[[], Container[int]]) -> set[int]:
    """Signal those that a look finds once more while their pidfd is open: none can be a stranger with a used pid."""
    waiting, reached = list(pids), set()
    while waiting:
        some, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
        held = {pid: descriptor for pid in some if (descriptor := _pidfd(pid)) >= 0}
        known = look()
        for pid, descriptor in held.items():
            with suppress(OSError):
                if pid in known:
                    signal.pidfd_send_signal(descriptor, number)
                    reached.add(pid)
            os.close(descriptor)
    return reached


def parent(pid: int) -> int:
    """A pidfd of the process that started this one; -1 when it has died already."""
    descriptor = _pidfd(pid)
    if os.getppid() == pid:
        return descriptor
    return closed(descriptor)


def _pidfd(pid: int) -> int:
    with suppress(OSError):
        return os.pidfd_open(pid)
    return -1
