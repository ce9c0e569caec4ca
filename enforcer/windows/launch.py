"""Starts an agent inside its job: suspended first, put into the job, and only then let go.

So there is no moment in which it could start a child outside. Where it cannot be put into the job it never runs.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from enforcer.windows import api, process
from enforcer.windows.identity import process_key
from enforcer.windows.job import Job
from enforcer.windows.structures import ProcessInformation, StartupInfo

_SUSPENDED, _UNICODE_ENVIRONMENT = 0x4, 0x400
_FAILED = 0xFFFFFFFF


@dataclass(frozen=True)
class Launched:
    """A process that was started; ``handle`` has every right and is the caller's to close."""

    pid: int
    key: int
    handle: int


def launch(
    job: Job, command: Sequence[str], *, folder: str | None = None, environment: Mapping[str, str] | None = None
) -> Launched:
    """Start ``command`` as a member of the job; raises ``OSError``, and nothing has run then.

    ``folder`` is where it starts, ``environment`` all of its variables; both else are Lictor's.
    """
    startup, made = StartupInfo(size=ctypes.sizeof(StartupInfo)), ProcessInformation()
    line = ctypes.create_unicode_buffer(subprocess.list2cmdline(command))
    block = None if environment is None else ctypes.create_unicode_buffer(environment_block(environment))
    flags = _SUSPENDED | _UNICODE_ENVIRONMENT
    api.call(
        "CreateProcessW",
        None,
        ctypes.cast(line, ctypes.c_wchar_p),
        None,
        None,
        False,
        flags,
        block,
        folder,
        ctypes.byref(startup),
        ctypes.byref(made),
    )
    try:
        job.take(made.process)
        if int(api.function("ResumeThread")(made.thread)) == _FAILED:
            raise api.failure("ResumeThread", api.last_error())
        return Launched(made.pid, process_key(made.pid, process.created(made.process)), made.process)
    except OSError:
        api.call("TerminateProcess", made.process, process.EXIT_CODE)
        api.close(made.process)
        raise
    finally:
        api.close(made.thread)


def environment_block(variables: Mapping[str, str]) -> str:
    """NAME=value texts in the order that Windows wants, each ended by NUL; a last NUL is added by the buffer."""
    return "".join(f"{name}={variables[name]}\0" for name in sorted(variables, key=str.upper))
