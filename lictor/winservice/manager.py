"""The service manager of Windows: one service, started, stopped, removed, and what it is now.

Every question is put to the system anew. Errors are those of pywin32 (``winerror`` has the number), which share no base with ``OSError``.
Numbers are those of learn.microsoft.com, "Service Functions".
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

NOT_THERE, MARKED_FOR_DELETE, NOT_ACTIVE = 1060, 1072, 1062
"""ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_MARKED_FOR_DELETE, ERROR_SERVICE_NOT_ACTIVE."""

STATES = {1: "stopped", 2: "starting", 3: "stopping", 4: "running", 5: "continuing", 6: "pausing", 7: "paused"}

ALL, LOOK, CONNECT, CREATE = 0xF01FF, 0x1 | 0x4, 0x1, 0x3
"""Access: all of a service; its configuration and state, which every user may see; the manager; the manager, to make a service."""

_STOP = 1  # SERVICE_CONTROL_STOP
LOOK_S = 0.1
"""Between two looks at a service that is waited for, in seconds."""


class Found(NamedTuple):
    """What a service is: start type (2: automatic), account, command line; state, exit code of Windows, own exit code."""

    start: int
    account: str
    command: str
    state: str
    code: int
    own_code: int


def look(name: str) -> Found | None:
    """What the service is now; ``None`` where there is none."""
    api = pywin32()
    with opened(name, LOOK) as service:
        if service is None:
            return None
        config, status = api.QueryServiceConfig(service), api.QueryServiceStatus(service)
        return Found(config[1], config[7], config[3], STATES.get(status[1], str(status[1])), status[3], status[4])


def start(name: str, patience_s: float) -> Found | None:
    """Start it and wait until it runs or has stopped; what it is then."""
    with opened(name, ALL) as service:
        pywin32().StartService(service, None)
    return wait(name, lambda state: state in {"running", "stopped"}, patience_s)


def stop(name: str, patience_s: float) -> Found | None:
    """Stop it and wait; what it is then. One that starts is waited for, since it cannot be stopped before."""
    found = wait(name, lambda state: state != "starting", patience_s)
    if found is None or found.state == "stopped":
        return found
    api = pywin32()
    with opened(name, ALL) as service:
        try:
            api.ControlService(service, _STOP)
        except api.error as error:
            if error.winerror != NOT_ACTIVE:
                raise
    return wait(name, lambda state: state == "stopped", patience_s)


def remove(name: str) -> None:
    """Take it away; it goes when the last handle of whoever looks at it is closed."""
    api = pywin32()
    with opened(name, ALL) as service:
        if service is not None:
            try:
                api.DeleteService(service)
            except api.error as error:
                if error.winerror != MARKED_FOR_DELETE:
                    raise


def wait(name: str, holds: Callable[[str], bool], patience_s: float) -> Found | None:
    """Look until its state is as wanted, at most for so many seconds; what was seen last."""
    deadline = time.monotonic() + patience_s
    while (found := look(name)) is not None and not holds(found.state) and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    return found


@contextmanager
def connected(access: int) -> Iterator[Any]:
    """The service manager itself."""
    api = pywin32()
    manager = api.OpenSCManager(None, None, access)
    try:
        yield manager
    finally:
        api.CloseServiceHandle(manager)


@contextmanager
def opened(name: str, access: int) -> Iterator[Any]:
    """A handle; ``None`` where there is no such service, or where it only waits to be gone."""
    api = pywin32()
    with connected(CONNECT) as manager:
        try:
            service = api.OpenService(manager, name, access)
        except api.error as error:
            if error.winerror not in {NOT_THERE, MARKED_FOR_DELETE}:
                raise
            service = None
        try:
            yield service
        finally:
            if service is not None:
                api.CloseServiceHandle(service)


def pywin32() -> Any:
    """pywin32's module; raises ``OSError`` elsewhere than on Windows."""
    if sys.platform != "win32":
        raise OSError("only Windows has a service manager")
    import win32service  # noqa: PLC0415 - only Windows has it

    return win32service
