"""One process, held by handle: acted on only after its creation time was looked at through that handle.

A handle pins the process object, so its pid cannot be given to another while the handle is open. Opened first, compared
after that, and only then acted on: a stranger with a used pid is never reached.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from ntpath import basename

from enforcer.interface import GuardRefusal, Outcome
from enforcer.windows import api
from enforcer.windows.identity import process_key

EXIT_CODE = 137
"""What a process that was ended by Lictor exits with: 128 + 9, as shells show a SIGKILL."""

_NOTHING_SAID = 0x102  # WAIT_TIMEOUT
_NAME_UNITS = 32768


@contextlib.contextmanager
def opened(pid: int, access: int = api.QUERY | api.SYNCHRONIZE) -> Iterator[int]:
    """A handle for the time of a ``with`` block; ``ProcessLookupError`` when there is no such process.

    Raises ``PermissionError`` where the process may not be opened so.
    """
    if pid <= 0:
        raise ProcessLookupError(f"no process {pid}")
    try:
        handle = api.call("OpenProcess", access, False, pid)
    except OSError as error:
        if api.code_of(error) == api.INVALID_PARAMETER:
            raise ProcessLookupError(f"no process {pid}") from error
        raise
    try:
        yield handle
    finally:
        api.close(handle)


def created(handle: int) -> int:
    """FILETIME of the process's creation."""
    times = [ctypes.c_uint64() for _ in range(4)]
    api.call("GetProcessTimes", handle, *(ctypes.byref(one) for one in times))
    return times[0].value


def key(pid: int) -> int:
    """The key of a process that is there; raises ``ProcessLookupError`` when it is not."""
    return process_key(pid, began(pid))


def began(pid: int) -> int:
    """FILETIME of the creation of a process that is there; raises ``ProcessLookupError`` when it is not."""
    with opened(pid, api.QUERY) as handle:
        return created(handle)


def program(pid: int) -> str:
    """Path of the process's program; raises ``OSError`` where it may not be looked at."""
    with opened(pid, api.QUERY) as handle:
        text, room = ctypes.create_unicode_buffer(_NAME_UNITS), ctypes.c_uint32(_NAME_UNITS)
        api.call("QueryFullProcessImageNameW", handle, 0, ctypes.byref(text), ctypes.byref(room))
        return text.value


def file_name(pid: int) -> str:
    """Name of the process's program, for people; ``?`` when it is gone or may not be looked at."""
    try:
        return basename(program(pid))
    except OSError:
        return "?"


def in_run_group(pid: int) -> bool:  # noqa: ARG001 - asked with the same argument on every system
    """Whether another Lictor has it in a job. Jobs have no names that could be looked up, so that is not known."""
    return False


def wait_ended(handle: int, timeout: float) -> bool:
    """Wait at most ``timeout`` seconds for the end of the process; its handle needs SYNCHRONIZE."""
    return int(api.function("WaitForSingleObject")(handle, int(max(timeout, 0) * 1000))) != _NOTHING_SAID


def exit_code(handle: int) -> int:
    """What a process that has ended exited with; raises ``OSError``."""
    found = ctypes.c_uint32()
    api.call("GetExitCodeProcess", handle, ctypes.byref(found))
    return found.value


def alive(pid: int, wanted: int) -> bool:
    """Whether the very process of this key still runs. One that may not be opened counts as alive: better than a false proof."""
    try:
        with opened(pid) as handle:
            return process_key(pid, created(handle)) == wanted and not wait_ended(handle, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True


def kill_process(pid: int, wanted: int, timeout: float) -> Outcome:
    """End one process and wait up to ``timeout`` seconds for its handle to report that.

    ``confirmed`` by the handle, ``unverified`` when it says nothing in that time, ``failed`` when the process had ended before or
    may not be ended. Raises ``GuardRefusal`` when the pid belongs to another process by now.
    """
    try:
        with opened(pid, api.QUERY | api.SYNCHRONIZE | api.TERMINATE) as handle:
            return _kill(handle, pid, wanted, timeout)
    except ProcessLookupError:
        return _too_late(pid)
    except PermissionError:
        return Outcome(
            "failed", f"process {pid} may not be ended: access denied; run Lictor as a service or administrator"
        )
    except OSError as error:
        return Outcome("failed", f"process {pid}: {error}")


def _kill(handle: int, pid: int, wanted: int, timeout: float) -> Outcome:
    if process_key(pid, created(handle)) != wanted:
        raise GuardRefusal(f"pid {pid} is another process by now; not touched")
    if wait_ended(handle, 0):
        return _too_late(pid)
    try:
        api.call("TerminateProcess", handle, EXIT_CODE)
    except PermissionError:  # so it is told of one that is ending already
        if not wait_ended(handle, timeout):
            raise
    if wait_ended(handle, timeout):
        return Outcome("confirmed", f"TerminateProcess; the handle reports that process {pid} ended")
    return Outcome("unverified", f"TerminateProcess called for process {pid}")


def wait_gone(pid: int, wanted: int, timeout: float) -> Outcome | None:
    """Proof that the process ended, waiting up to ``timeout`` seconds; ``None`` while it lives or cannot be looked at."""
    try:
        with opened(pid) as handle:
            if process_key(pid, created(handle)) == wanted and not wait_ended(handle, timeout):
                return None
    except ProcessLookupError:
        pass
    except PermissionError:
        return None
    return Outcome("confirmed", f"no process {pid} of that creation time runs")


def _too_late(pid: int) -> Outcome:
    return Outcome("failed", f"process {pid} had ended by itself before it could be ended; what it did stands")
