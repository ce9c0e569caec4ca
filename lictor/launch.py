"""Starts a command so that nothing of it escapes: it waits, tagged and in its cgroup, before it becomes the command.

The child is forked first and blocks on a pipe; only when everything that watches it is in
place is it let go. Should Lictor fail before that, the pipe closes and the command never starts.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lictor.errors import LictorError
from lictor.starting.program import resolve

_GO = b"g"
_PR_SET_PDEATHSIG = 1


class Child:
    """A command that waits to be let go."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        die_with_parent: bool,
        environment: Mapping[str, str] | None = None,
        without: Sequence[str] = (),
        user: pwd.struct_passwd | None = None,
    ) -> None:
        """Fork; with ``die_with_parent`` the command is killed when Lictor dies, so that it never runs unwatched.

        ``environment`` is added to Lictor's own, which the command gets otherwise as it is, but for the variables of
        ``without``. ``user`` is whom it becomes. Raises ``LictorError`` where that is not permitted.
        """
        program = resolve(command)
        if user is not None and os.geteuid() not in (0, user.pw_uid):
            raise LictorError(f"only root may run a command as {user.pw_name}; nothing was run")
        self.uid = os.geteuid() if user is None else user.pw_uid
        """The user that the command runs as."""
        go_read, self._go = os.pipe2(os.O_CLOEXEC)
        self._failed, failed_write = os.pipe2(os.O_CLOEXEC)
        self.status: int | None = None
        """Exit status once it has ended: the code, or 128 + signal."""
        self.pid = os.fork()
        if self.pid == 0:
            # The parent's end, inherited, would keep the pipe open after the parent's death.
            os.close(self._go)
            become = _Becoming(environment or {}, without, user, os.getppid() if die_with_parent else None)
            become.run(program, command, (go_read, failed_write))
        os.close(go_read)
        os.close(failed_write)

    def go(self) -> None:
        """Let it become the command; raises ``LictorError`` when the system refuses to run it."""
        os.write(self._go, _GO)
        os.close(self._go)
        self._go = -1
        said = os.read(self._failed, 16)
        os.close(self._failed)
        self._failed = -1
        if said:
            self.wait()
            raise LictorError(f"the command could not be run: {os.strerror(int(said))}; nothing was run")

    def poll(self) -> bool:
        """Whether it has ended; takes its status then."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._ended(status)
        return self.status is not None

    def wait(self) -> int:
        """Wait for its end; its exit status."""
        if self.status is None:
            self._ended(os.waitpid(self.pid, 0)[1])
        return self.status or 0

    def _ended(self, status: int) -> None:
        code = os.waitstatus_to_exitcode(status)
        self.status = code if code >= 0 else 128 - code

    def send(self, number: int) -> None:
        """Pass a signal on; nothing when it has ended."""
        if self.status is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def abandon(self) -> None:
        """End a child that was never let go, and close what is open."""
        for end in (self._go, self._failed):
            if end >= 0:
                os.close(end)
        self._go = self._failed = -1
        if self.status is None:
            self.send(signal.SIGKILL)
            self.wait()


@dataclass(frozen=True)
class _Becoming:
    """What the child changes of itself before it is the command; ``parent`` is whose death is its own."""

    environment: Mapping[str, str]
    without: Sequence[str]
    user: pwd.struct_passwd | None
    parent: int | None

    def run(self, program: str, command: Sequence[str], pipes: tuple[int, int]) -> None:
        """In the child: wait for the word, then exec. Never returns."""
        go, failed = pipes
        try:
            # What Python changed for itself must not reach the command: it would never see a closed pipe.
            for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            if os.read(go, 1) == _GO:
                self._change()
                os.execv(program, list(command))  # noqa: S606 - no shell: the argument vector is the person's
        except OSError as error:
            os.write(failed, str(error.errno).encode())
        finally:
            os._exit(127)

    def _change(self) -> None:
        if self.user is not None and self.user.pw_uid != os.geteuid():
            os.initgroups(self.user.pw_name, self.user.pw_gid)
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)
        if self.parent is not None:
            # After the change of user, which takes the setting back; a parent that died before it shows in our own.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != self.parent:
                os._exit(127)
        for name in self.without:
            os.environ.pop(name, None)
        os.environ.update(self.environment)  # in place: execve would drop entries that are no pair, or are there twice
