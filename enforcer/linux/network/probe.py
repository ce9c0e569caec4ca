"""A try from within: a child of ours in the run's cgroup connects to a listener of ours, and tells what came of it.

The second way to see that a run is cut off. The child makes nothing but system calls and
lives for a moment; whatever happens to it, it is gone when the answer is given.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import select
import signal
import socket
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TIMEOUT_S = 0.2


def connect_from(
    group: Path | None, tag: Callable[[int], None] | None = None, timeout: float = TIMEOUT_S
) -> int | None:
    """The error number that a connect gives within a cgroup (``None``: in our own), 0 when it succeeds.

    ``tag`` is told the child's pid before it connects. ``None`` is returned when no answer came within ``timeout``
    seconds. Raises ``OSError`` when the try could not be made.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1))
        members = -1
        if group is not None:
            members = os.open(group / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
            stack.callback(os.close, members)
        ours, its = socket.socketpair()
        stack.enter_context(ours)
        with its:
            child = os.fork()
            if child == 0:
                _try(members, its.fileno(), listener.getsockname(), timeout)
        stack.callback(_end, child)
        if tag is not None:
            tag(child)
        return _answer(ours, timeout)


def _try(members: int, parent: int, address: tuple[str, int], timeout: float) -> NoReturn:
    """The child's part. It never returns, and ends at once should its parent be gone."""
    try:
        gc.disable()  # nothing of the parent's may be finalized here
        _close_all_but(members, parent)
        if members >= 0:
            os.write(members, b"0")
        if os.read(parent, 1):
            with socket.socket() as made:
                made.settimeout(timeout)
                number = made.connect_ex(address)
            if number != errno.EAGAIN:
                os.write(parent, number.to_bytes(4, "little"))
    finally:
        os._exit(0)


def _close_all_but(*kept: int) -> None:
    """Nothing of the parent's comes into the run's cgroup: what is held there is ended when the run is cut off."""
    with os.scandir("/proc/self/fd") as entries:
        found = [int(entry.name) for entry in entries]
    for descriptor in found:
        if descriptor not in kept:
            with contextlib.suppress(OSError):  # that of the listing itself is closed by now
                os.close(descriptor)


def _answer(ours: socket.socket, timeout: float) -> int | None:
    try:
        ours.send(b"!", socket.MSG_NOSIGNAL)
        poll = select.poll()
        poll.register(ours, select.POLLIN)
        answer = ours.recv(4) if poll.poll(timeout * 1000) else b""
    except ConnectionError:  # it was killed
        return None
    return int.from_bytes(answer, "little") if answer else None


def _end(child: int) -> None:
    """It is not waited for yet, so that its pid is still its own."""
    with contextlib.suppress(ChildProcessError, ProcessLookupError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
