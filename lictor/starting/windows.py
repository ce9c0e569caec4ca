"""A command on Windows: created suspended inside the job object of its run, and let go once everything watches it."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from enforcer.interface import ProcessGroup
from enforcer.windows import process
from enforcer.windows.job import Job
from enforcer.windows.launch import Held, hold
from lictor.errors import LictorError
from lictor.starting.program import resolve
from lictor.system import here

STOPS: tuple[int, ...] = tuple(
    int(number) for name in ("SIGINT", "SIGBREAK", "SIGTERM") if (number := getattr(signal, name, None)) is not None
)
"""Ctrl-C, Ctrl-Break and the end of the console."""

FORCED = 9
"""What ends a command that does not follow: its job is ended."""

_SIGN, _WORD = 1 << 31, 1 << 32


def from_terminal(number: int) -> bool:  # noqa: ARG001 - as on other systems
    """A console sends such a signal to every process on it; there is no other way to send one."""
    return True


class Child:
    """A command that waits, suspended, to be let go; with it the job that it is in."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        die_with_parent: bool,
        environment: Mapping[str, str] | None = None,
        without: Sequence[str] = (),
        user: Any = None,
    ) -> None:
        """Create it; with ``die_with_parent`` the run ends when Lictor does. ``environment`` and ``without`` as on other systems.

        Raises ``LictorError``; then nothing was run.
        """
        if user is not None:
            raise LictorError("--user: Windows starts a program as somebody else only with a password; nothing was run")
        program = resolve(command)
        variables = {name: text for name, text in os.environ.items() if name not in set(without)} | dict(
            environment or {}
        )
        self.uid = here.own_uid()
        self.status: int | None = None
        """Exit status once it has ended, as a signed number of 32 bits."""
        self.job = Job(fail="closed" if die_with_parent else "open")
        try:
            self._held: Held = hold(self.job, [program, *command[1:]], environment=variables)
        except OSError as error:
            self.job.close()
            raise LictorError(f"the command could not be run: {error}; nothing was run") from error
        self.pid = self._held.pid

    def go(self) -> None:
        """Let it run; raises ``LictorError`` when the system refuses that."""
        try:
            self._held.go()
        except OSError as error:
            raise LictorError(f"the command could not be run: {error}; nothing was run") from error

    def poll(self) -> bool:
        """Whether it has ended; takes its status then."""
        if self.status is None and process.wait_ended(self._held.handle, 0):
            code = process.exit_code(self._held.handle)
            self.status = code - _WORD if code >= _SIGN else code
        return self.status is not None

    def wait(self) -> int:
        """Wait for its end; its exit status."""
        while not self.poll():
            process.wait_ended(self._held.handle, 1.0)
        return self.status or 0

    def send(self, number: int) -> None:
        """End it, and all of its run, for ``FORCED``; whatever else there is it got from the console itself."""
        if number == FORCED and self.status is None:
            self.job.kill()

    def abandon(self) -> None:
        """End a command that was never let go, and close what is open."""
        if self._held.waits:
            self.job.kill()
        self._held.close()
        self.job.close()


def own_group(child: Child, *_asked_for_elsewhere: object) -> ProcessGroup | None:
    """The job that the command was created in; run, failure and a line for the person are other systems' needs."""
    return child.job


def dispose(group: ProcessGroup, seconds: float) -> None:
    """End what is still in the job, waiting so long for it, and close it."""
    group.kill()
    group.wait_empty(seconds)
