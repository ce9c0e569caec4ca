"""Starts an agent inside its job: suspended first, put into the job, and only then let go.

So there is no moment in which it could start a child outside. Where it cannot be put into the job it never runs. What it gets of Lictor's
handles are standard input, output and error, and nothing else.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from enforcer.windows import api, process
from enforcer.windows.identity import process_key
from enforcer.windows.job import Job
from enforcer.windows.structures import ProcessInformation, StartupInfo

_SUSPENDED, _UNICODE_ENVIRONMENT = 0x4, 0x400
_USE_HANDLES = 0x100
_SAME_ACCESS = 2
_STANDARD = (-10, -11, -12)
_FAILED = 0xFFFFFFFF


@dataclass(frozen=True)
class Launched:
    """A process that was started; ``handle`` has every right and is the caller's to close."""

    pid: int
    key: int
    handle: int


class Held:
    """A process in its job that has not run yet."""

    def __init__(self, pid: int, handle: int, thread: int) -> None:
        """Use ``hold``."""
        self.pid, self.handle = pid, handle
        self.key = process_key(pid, process.created(handle))
        self._thread = thread

    @property
    def waits(self) -> bool:
        """Whether it was not let go yet."""
        return bool(self._thread)

    def go(self) -> None:
        """Let it run; raises ``OSError``."""
        if int(api.function("ResumeThread")(self._thread)) == _FAILED:
            raise api.failure("ResumeThread", api.last_error())
        self._let_go_of_thread()

    def close(self) -> None:
        """Close our handles; safe to call twice. The process stays as it is."""
        self._let_go_of_thread()
        handle, self.handle = self.handle, 0
        api.close(handle)

    def _let_go_of_thread(self) -> None:
        thread, self._thread = self._thread, 0
        api.close(thread)


def launch(
    job: Job, command: Sequence[str], *, folder: str | None = None, environment: Mapping[str, str] | None = None
) -> Launched:
    """Start ``command`` as a member of the job and let it run at once; see ``hold``."""
    held = hold(job, command, folder=folder, environment=environment)
    try:
        held.go()
    except OSError:
        api.call("TerminateProcess", held.handle, process.EXIT_CODE)
        held.close()
        raise
    return Launched(held.pid, held.key, held.handle)


def hold(
    job: Job, command: Sequence[str], *, folder: str | None = None, environment: Mapping[str, str] | None = None
) -> Held:
    """Create ``command`` as a suspended member of the job; raises ``OSError``, and nothing is left then.

    ``folder`` is where it starts, ``environment`` all of its variables; both else are Lictor's.
    """
    made = ProcessInformation()
    line = ctypes.create_unicode_buffer(subprocess.list2cmdline(command))
    block = None if environment is None else ctypes.create_unicode_buffer(environment_block(environment))
    with _standard_handles() as handles:
        startup = StartupInfo(size=ctypes.sizeof(StartupInfo), flags=_USE_HANDLES if any(handles) else 0)
        startup.handles = (ctypes.c_void_p * 3)(*handles)
        api.call(
            "CreateProcessW", None, ctypes.cast(line, ctypes.c_wchar_p), None, None, any(handles),
            _SUSPENDED | _UNICODE_ENVIRONMENT, block, folder, ctypes.byref(startup), ctypes.byref(made),
        )  # fmt: skip
    try:
        job.take(made.process)
        return Held(made.pid, made.process, made.thread)
    except OSError:
        api.call("TerminateProcess", made.process, process.EXIT_CODE)
        api.close(made.process)
        api.close(made.thread)
        raise


@contextmanager
def _standard_handles() -> Iterator[list[int | None]]:
    """Copies of our standard handles that a child may inherit, closed at the end; ``None`` for one that there is not."""
    me = api.function("GetCurrentProcess")()
    copies: list[int | None] = []
    for number in _STANDARD:
        ours, copy = api.function("GetStdHandle")(number), ctypes.c_void_p()
        if ours and api.function("DuplicateHandle")(me, ours, me, ctypes.byref(copy), 0, True, _SAME_ACCESS):
            copies.append(copy.value)
        else:
            copies.append(None)
    try:
        yield copies
    finally:
        for one in copies:
            api.close(one or 0)


def environment_block(variables: Mapping[str, str]) -> str:
    """NAME=value texts in the order that Windows wants, each ended by NUL; a last NUL is added by the buffer."""
    return "".join(f"{name}={variables[name]}\0" for name in sorted(variables, key=str.upper))
