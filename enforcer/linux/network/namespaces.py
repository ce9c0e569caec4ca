"""Diagnostic sockets of other network namespaces: a run's processes and sockets may live in some of their own.

Only the making of the socket has to happen inside: what it shows is fixed then. A thread of
its own goes there, since a namespace belongs to a thread, and ends right after.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from typing import TYPE_CHECKING, Self

from enforcer.linux.network.sock_diag import SockDiag

if TYPE_CHECKING:
    from types import TracebackType

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Namespaces:
    """The namespaces met so far, each with its diagnostic socket. A context manager."""

    def __init__(self) -> None:
        self._met: set[tuple[int, int]] = set()
        self._stack = contextlib.ExitStack()

    def enter(self, descriptor: int) -> SockDiag | None:
        """The diagnostic socket of the namespace that a descriptor names, ``None`` when it was met before.

        Raises ``OSError`` where we may not enter it.
        """
        status = os.fstat(descriptor)
        key = status.st_dev, status.st_ino
        if key in self._met:
            return None
        made = self._stack.enter_context(opened_in(descriptor))
        self._met.add(key)
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def opened_in(descriptor: int) -> SockDiag:
    """A diagnostic socket that shows the namespace of this descriptor; raises ``OSError``."""
    made: list[SockDiag | OSError] = []
    thread = threading.Thread(target=_make, args=(descriptor, made), name="lictor-netns")
    thread.start()
    thread.join()
    (found,) = made
    if isinstance(found, OSError):
        raise found
    return found


def _make(descriptor: int, made: list[SockDiag | OSError]) -> None:
    try:
        _go_to(descriptor)
        made.append(SockDiag())
    except OSError as error:
        made.append(error)


def _go_to(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
