"""One process, held by descriptor: signalled only after its identity was looked at again.

A pid may name another process by the time a signal is sent. A pidfd cannot: it is opened
first, the key is compared after that, and only then is the signal sent through it. The same
descriptor becomes readable when the process has ended, which is the proof.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.identity import key_of, read_stat
from enforcer.interface import GuardRefusal, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def opened(pid: int) -> Iterator[int]:
    """A pidfd for the time of a ``with`` block; raises ``ProcessLookupError`` when there is no such process."""
    if pid <= 0:  # to the kernel a bad argument, to us nobody
        raise ProcessLookupError(f"no process {pid}")
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def wait_ended(descriptor: int, timeout: float) -> bool:
    """Wait at most ``timeout`` seconds for the process of a pidfd to end (all threads; a zombie has ended)."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(timeout, 0) * 1000))


def alive(pid: int, process_key: int) -> bool:
    """Whether the very process of this key still runs: not gone, not a zombie, not another one with its pid."""
    try:
        stat = read_stat(pid)
    except ProcessLookupError:
        return False
    return key_of(stat) == process_key and not _ended(stat.dead, pid)


def _ended(leader_dead: bool, pid: int) -> bool:
    """A dead leader with live threads is still a process that can act; only the pidfd tells."""
    if not leader_dead:
        return False
    try:
        with opened(pid) as descriptor:
            return wait_ended(descriptor, 0)
    except ProcessLookupError:
        return True


def wait_gone(pid: int, process_key: int, timeout: float) -> Outcome | None:
    """Proof by ``/proc`` and pidfd that the process ended, waiting up to ``timeout`` seconds; ``None`` while it lives."""
    with contextlib.suppress(ProcessLookupError), opened(pid) as descriptor:
        if alive(pid, process_key) and not wait_ended(descriptor, timeout):
            return None
    return Outcome("confirmed", f"/proc shows process {pid} gone")


def kill_process(pid: int, process_key: int, timeout: float = 0.5) -> Outcome:
    """SIGKILL one process and wait up to ``timeout`` seconds for its end.

    ``confirmed`` when its pidfd reports the end, ``unverified`` when it has not ended in that time,
    ``failed`` when it had ended before (what it did before that stands) or may not be
    signalled. Raises ``GuardRefusal`` when the pid belongs to another process by now.
    """
    try:
        with opened(pid) as descriptor:
            return _kill(descriptor, pid, process_key, timeout)
    except ProcessLookupError:
        return _too_late(pid)
    except PermissionError:
        return Outcome("failed", f"no right to signal process {pid}; run Lictor as root")


def _kill(descriptor: int, pid: int, process_key: int, timeout: float) -> Outcome:
    if key_of(read_stat(pid)) != process_key:
        raise GuardRefusal(f"pid {pid} is another process by now; not signalled")
    if wait_ended(descriptor, 0):
        return _too_late(pid)
    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    if wait_ended(descriptor, timeout):
        return Outcome("confirmed", f"SIGKILL sent by pidfd; the pidfd reports that process {pid} ended")
    return Outcome("unverified", "SIGKILL sent by pidfd")


def continue_process(pid: int, process_key: int) -> Outcome:
    """SIGCONT for one process that was stopped; ``confirmed`` when ``/proc`` no longer shows it stopped.

    Raises ``GuardRefusal`` when the pid belongs to another process by now.
    """
    try:
        with opened(pid) as descriptor:
            if key_of(read_stat(pid)) != process_key:
                raise GuardRefusal(f"pid {pid} is another process by now; not signalled")
            signal.pidfd_send_signal(descriptor, signal.SIGCONT)
            if is_stopped(pid):
                return Outcome("failed", f"SIGCONT sent by pidfd; /proc still shows process {pid} stopped")
    except ProcessLookupError:
        return Outcome("confirmed", f"process {pid} has ended; nothing is left to go on")
    except PermissionError:
        return Outcome("failed", f"no right to signal process {pid}; run Lictor as root")
    return Outcome("confirmed", f"SIGCONT sent by pidfd; /proc shows process {pid} stopped no more")


def is_stopped(pid: int) -> bool:
    """Whether a signal has stopped the process (state T); raises ``ProcessLookupError`` when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError as error:
        raise ProcessLookupError(f"no process {pid}") from error
    return text.rpartition(b")")[2].split()[0] == b"T"


def file_name(pid: int) -> str:
    """What the kernel calls the process, for people; ``?`` when it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "?"


def program_of(pid: int) -> str:
    """Path of the process's program, where it is not replaced or gone; raises ``OSError`` where it may not be looked at."""
    return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")  # noqa: PTH115 - a name of the kernel's


def _too_late(pid: int) -> Outcome:
    return Outcome("failed", f"process {pid} had ended by itself before it could be killed; what it did stands")
