"""A file that decides who may come in: ours, nobody else's to read or write, and read anew when it changes."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from dashboards.interface import DashboardError

T = TypeVar("T")

LARGEST = 1 << 20
"""Bytes of such a file."""


def text(path: Path) -> str:
    """What stands in a file that is private to who runs the dashboard. Raises ``DashboardError``."""
    try:
        # O_NONBLOCK: a pipe in its place is refused, and not waited for.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            _check(path, os.fstat(file.fileno()))
            return file.read(LARGEST).decode()
    except OSError as error:
        raise DashboardError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DashboardError(f"{path}: this is no text") from error


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise DashboardError(f"{path}: this is no file")
    if status.st_uid != os.geteuid():
        raise DashboardError(f"{path}: it belongs to user {status.st_uid}, not to who runs the dashboard: chown it")
    if status.st_mode & 0o077:
        raise DashboardError(f"{path}: others may read or write it: chmod 600 {path}")
    if status.st_size > LARGEST:
        raise DashboardError(f"{path}: it has more than {LARGEST} bytes")


class PrivateFile(Generic[T]):
    """What a private file holds now; ``parse`` makes it of its path and text, and raises ``DashboardError``."""

    def __init__(self, path: Path, parse: Callable[[Path, str], T]) -> None:
        self._path, self._parse = path, parse
        self._lock = threading.Lock()
        self._held: tuple[tuple[int, ...], T] | None = None

    def now(self) -> T:
        """Read anew where it is another file, or was changed in any way. Raises ``DashboardError``."""
        with self._lock:
            try:
                status = self._path.stat()
            except OSError as error:
                raise DashboardError(f"{self._path}: {error.strerror}; nobody can sign in") from error
            # A chmod alone moves the ctime: a file that became others' to read is refused at once.
            state = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
            if self._held is None or self._held[0] != state:
                self._held = None  # what was in it before does not outlive a file that cannot be read
                self._held = (state, self._parse(self._path, text(self._path)))
            return self._held[1]
