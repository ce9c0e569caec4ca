"""Sockets below the runtime folder: made so that nobody meets a half-made one, found, and removed when their service is gone.

Only the kernel knows for sure whether anybody listens: a connection to a socket whose service has ended is refused.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SUFFIX, _DRAFT = ".sock", ".new"
WAITING = 128
"""Connections that wait to be taken in."""

_RETRY_S = 0.02


def listening(folder: Path) -> tuple[socket.socket, Path]:
    """A non-blocking socket that listens, and its path; raises ``OSError``."""
    name = f"{os.getpid()}-{secrets.token_hex(4)}"
    draft, path = folder / f".{name}{_DRAFT}", folder / f"{name}{SUFFIX}"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        with _short(draft) as address:
            listener.bind(address)
        draft.chmod(0o666)  # who may do what is decided by who asks, not by who can connect
        listener.listen(WAITING)
        draft.rename(path)  # before it listens, a connection would be refused, and the socket taken for a dead one
    except OSError:
        listener.close()
        draft.unlink(missing_ok=True)
        raise
    return listener, path


def connected(path: Path, deadline: float) -> socket.socket:
    """A connection; raises ``OSError``: refused when nobody listens, ``TimeoutError`` at ``deadline`` (monotonic)."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        while not _connects(connection, path, deadline):
            time.sleep(_RETRY_S)
    except BaseException:
        connection.close()
        raise
    return connection


def _connects(connection: socket.socket, path: Path, deadline: float) -> bool:
    """Try once; false when too many wait already."""
    connection.settimeout(left_until(deadline))
    try:
        with _short(path) as address:
            connection.connect(address)
    except BlockingIOError:
        return False
    return True


def left_until(deadline: float) -> float:
    """Seconds until a monotonic moment; raises ``TimeoutError`` when it is over."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def found(folders: Iterable[Path]) -> list[Path]:
    """Sockets in these folders, of services that live or once lived; raises ``OSError`` where one cannot be read."""
    return sorted(path for folder in folders for path in folder.iterdir() if path.suffix == SUFFIX)


def sweep(folder: Path) -> None:
    """Remove the sockets that services left behind which ended without a chance to."""
    for path in found([folder]):
        with suppress(OSError):
            if is_dead(path):
                path.unlink()
    for draft in folder.glob(f".*{_DRAFT}"):
        if not Path("/proc", draft.name[1:].partition("-")[0]).exists():
            draft.unlink(missing_ok=True)


def is_dead(path: Path) -> bool:
    """Whether nobody listens on a socket, or it is gone; raises ``OSError`` where that cannot be told."""
    try:
        connected(path, time.monotonic() + _RETRY_S).close()
    except (ConnectionRefusedError, FileNotFoundError):
        return True
    return False


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """An address for a path of any length: the address itself has room for 107 bytes."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
