"""Runs one program to its end or to its time limit, and leaves none of its processes behind.

It has a session of its own, so that all of it can be killed at once. The kill comes before its first process is reaped:
until then no other process group can have its number.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from lictor.alerts.interface import Deadline

KEPT = 4096
"""Bytes of output that are kept: the last ones, since what went wrong is said at the end."""

_LOOK_S = 0.1
"""How soon it is noticed that a deadline was brought forward."""

_REAP_S = 2.0
"""How long a killed process may take to be gone; one that waits for a device may take for ever."""


@dataclass(frozen=True)
class Ended:
    """How a program ended: exit status, negative for the signal that ended it, ``None`` when its time was over; and its output."""

    status: int | None
    output: bytes


def run(
    argv: Sequence[str], given: bytes, environ: Mapping[str, str], deadline: Deadline, user: Mapping[str, Any]
) -> Ended:
    """Run a program with ``given`` as its standard input; ``user`` are the arguments of ``Popen`` that name one.

    Raises ``OSError`` where it cannot be started.
    """
    with _file_of(given) as standard_input:
        process = subprocess.Popen(
            list(argv), stdin=standard_input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=dict(environ), cwd="/", start_new_session=True, **user,
        )  # fmt: skip
    try:
        ended, output = _awaited(process, deadline)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.stdout is not None:
            process.stdout.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_REAP_S)
    return Ended(process.returncode if ended else None, output)


def _file_of(given: bytes) -> IO[bytes]:
    """A file in memory: a pipe would have to be fed while the program may not read, or may be gone."""
    descriptor = os.memfd_create("alert")
    file = os.fdopen(descriptor, "r+b", buffering=0)
    rest = memoryview(given)
    while rest:
        rest = rest[file.write(rest) :]
    file.seek(0)
    return file


def _awaited(process: subprocess.Popen[bytes], deadline: Deadline) -> tuple[bool, bytes]:
    """Whether it ended by itself, and its last output.

    It has ended with its first process: what that left running keeps the output open, and is not waited for.
    """
    if process.stdout is None:
        raise AssertionError("the output was asked for")
    output, pipe = b"", process.stdout.fileno()
    os.set_blocking(pipe, False)
    end = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(end, selectors.EVENT_READ)
            selector.register(pipe, selectors.EVENT_READ)
            while (left := deadline.left()) > 0:
                ready = [key.fd for key, _ in selector.select(min(_LOOK_S, left))]
                if pipe in ready:
                    output, more = _read(pipe, output)
                    if not more:
                        selector.unregister(pipe)
                if end in ready:
                    return True, _rest(pipe, output)
        return False, output
    finally:
        os.close(end)


def _read(pipe: int, before: bytes) -> tuple[bytes, bool]:
    """The last output with what has come since, and whether more may come."""
    try:
        data = os.read(pipe, 1 << 16)
    except BlockingIOError:
        return before, True
    return (before + data)[-KEPT:], bool(data)


def _rest(pipe: int, output: bytes) -> bytes:
    """What still lies in the pipe, at most as much as one can hold: somebody may go on writing."""
    for _ in range(16):
        before = output
        output, more = _read(pipe, before)
        if not more or output == before:
            break
    return output
