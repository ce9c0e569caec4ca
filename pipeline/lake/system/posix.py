"""Files of a lake on Linux and other Unix systems: ``flock``, ``fdatasync``, folders that are made durable by themselves."""

from __future__ import annotations

import fcntl
import os
import select
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa


def opened(path: Path | str, flags: int, mode: int = 0o600) -> int:
    """A descriptor that no child inherits; raises ``OSError``."""
    return os.open(path, flags | os.O_CLOEXEC, mode)


def lock(fd: int) -> None:
    """Lock an open file for this process alone; waits. The lock ends with the descriptor."""
    fcntl.flock(fd, fcntl.LOCK_EX)


def try_lock(fd: int) -> bool:
    """As ``lock``, without a wait; whether nobody else has it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write(fd: int, buffers: Sequence[Any]) -> int:
    """Write all of the buffers; returns the number of bytes."""
    total = sum(len(b) for b in buffers)
    done = os.writev(fd, buffers)
    if done < total:  # a signal or a nearly full disk: the rest one by one, to get the error itself
        rest = memoryview(b"".join(bytes(b) for b in buffers))
        while done < total:
            done += os.write(fd, rest[done:])
    return total


def read_at(fd: int, length: int, offset: int) -> bytes:
    """So many bytes from a place on, fewer at the end."""
    return os.pread(fd, length, offset)


def read_whole(path: Path) -> bytes:
    """All of a file; raises ``OSError``."""
    return path.read_bytes()


@contextmanager
def mapped(path: Path) -> Iterator[pa.Buffer]:
    """The content of a file that nobody changes meanwhile."""
    with pa.memory_map(str(path)) as file:
        yield file.read_buffer()


def sync(fd: int) -> None:
    """Make the content of a file durable."""
    os.fdatasync(fd)


def sync_folder(path: Path) -> None:
    """Make names in a folder durable: without it a renamed file can be gone after a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def replace(source: Path, target: Path) -> None:
    """Give a file another name, which may be taken; durable after ``sync_folder``."""
    source.replace(target)


def remove(path: Path) -> None:
    """Delete a file, open or not; raises ``FileNotFoundError``."""
    path.unlink()


def may_write(folder: Path) -> bool:
    """Whether files can be made in a folder."""
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=True)


def readable(fd: int, seconds: float) -> bool:
    """Whether a pipe has something to read, or its end, within that time."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def read_into(fd: int, room: memoryview) -> int:
    """What a pipe has, up to the room there is; how many bytes, 0 at the end."""
    return os.readv(fd, [room])


def be_nice() -> None:
    """The calling thread gives way to others (on Linux the priority is that of the thread)."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
