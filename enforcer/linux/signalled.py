"""A run for which there is no cgroup, stopped and continued by signals, process by process: all that an ordinary user may do.

Weaker than a freeze: a process that nobody has found yet goes on, and any other process of the same user can send the
SIGCONT. Yet whoever is stopped forks no more, so once two looks in a row find nobody else, the tree stands.
"""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from collectors.identity import key_of, read_stat
from enforcer.linux import bare, process

if TYPE_CHECKING:
    from enforcer.interface import Survivors

_PAUSE_S = 0.005
_QUIET = 2


class Signalled:
    """The processes of one run, as they are found; a ``ProcessGroup``."""

    def __init__(self, survivors: Survivors) -> None:
        self._survivors = survivors
        self._stopped: dict[int, int] = {}
        """Process key → pid of those that were stopped here: whom somebody else has stopped stays so."""

    def pids(self) -> list[int]:
        """See ``ProcessGroup``."""
        return [pid for pid, _ in self._alive()]

    def add(self, pid: int) -> None:
        """See ``ProcessGroup``; who belongs to the run is found, not put here."""

    def kill(self) -> None:
        """See ``ProcessGroup``."""
        for pid, key in self._alive():
            _send(pid, key, signal.SIGKILL)

    def wait_empty(self, timeout: float) -> bool:
        """See ``ProcessGroup``."""
        deadline = time.monotonic() + timeout
        while self._alive():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE_S)
        return True

    def freeze(self, timeout: float) -> bool:
        """See ``ProcessGroup``; true once ``/proc`` shows all of them stopped, at two looks in a row."""
        deadline, quiet = time.monotonic() + timeout, 0
        while quiet < _QUIET:
            going = [(pid, key) for pid, key in self._alive() if not bare.stops(pid)]
            for pid, key in going:
                if _send(pid, key, signal.SIGSTOP):
                    self._stopped[key] = pid
            quiet = 0 if going else quiet + 1
            if going and time.monotonic() >= deadline:
                return False
        return True

    def thaw(self, timeout: float) -> bool:
        """See ``ProcessGroup``; true once ``/proc`` shows none of those stopped that were stopped here."""
        deadline = time.monotonic() + timeout
        while True:
            for key, pid in list(self._stopped.items()):
                if not process.alive(pid, key) or not bare.stops(pid):
                    del self._stopped[key]
                else:
                    _send(pid, key, signal.SIGCONT)
            if not self._stopped:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE_S)

    def _alive(self) -> list[tuple[int, int]]:
        return [(pid, key) for pid, key in self._survivors() if process.alive(pid, key)]


def _send(pid: int, key: int, number: int) -> bool:
    """Signal a process through a pidfd that is held while its key is looked at; whether it was reached."""
    with suppress(ProcessLookupError, PermissionError), process.opened(pid) as descriptor:
        if key_of(read_stat(pid)) == key:
            signal.pidfd_send_signal(descriptor, number)
            return True
    return False
