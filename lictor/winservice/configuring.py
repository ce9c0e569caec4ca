"""What a service should be, told to the service manager and read back from it: its program, its start, what happens when it fails.

Structures and numbers are those of learn.microsoft.com, "ChangeServiceConfig2W". Errors are those of pywin32.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lictor.winservice.manager import ALL, CREATE, LOOK, NOT_THERE, connected, look, opened, pywin32

RESTARTS_MS = (5_000, 30_000, 300_000)
"""After the first failure, the second, and every further one."""
RESET_S = 86_400
"""A day without a failure, and the count begins anew."""

AUTOMATIC = 2  # SERVICE_AUTO_START

_DESCRIPTION, _FAILURE_ACTIONS, _DELAYED, _FAILURE_FLAG = 1, 2, 3, 4  # SERVICE_CONFIG_…
_RESTART = 1  # SC_ACTION_RESTART
_OWN_PROCESS, _NORMAL = 0x10, 1


class Wanted(NamedTuple):
    """What a service should be."""

    name: str
    title: str
    about: str
    command: str


def put(wanted: Wanted) -> str:
    """Make the service, or change the one that is there to what is wanted; what was done. Delayed automatic start, LocalSystem."""
    api = pywin32()
    basics = (_OWN_PROCESS, AUTOMATIC, _NORMAL, wanted.command, None, 0, None, "LocalSystem", None, wanted.title)
    with connected(CREATE) as manager:
        try:
            service = api.OpenService(manager, wanted.name, ALL)
        except api.error as error:
            if error.winerror != NOT_THERE:
                raise
            service = api.CreateService(manager, wanted.name, wanted.title, ALL, *basics[:-1])
            said = "made"
        else:
            api.ChangeServiceConfig(service, *basics)
            said = "changed"
        try:
            api.ChangeServiceConfig2(service, _DESCRIPTION, wanted.about)
        finally:
            api.CloseServiceHandle(service)
    return said


def is_as(wanted: Wanted) -> bool:
    """Whether the service is what is wanted: program, start, account, description."""
    found = look(wanted.name)
    return (
        found is not None and (found.command, found.start, found.account) == (wanted.command, AUTOMATIC, "LocalSystem")
        and _second(wanted.name, _DESCRIPTION) == wanted.about
    )  # fmt: skip


def delay(name: str) -> str:
    """Start it after the services that start up a machine; what was done."""
    _change(name, _DELAYED, True)
    return "automatic, after the services that start up the machine"


def is_delayed(name: str) -> bool:
    """Whether it is so."""
    return bool(_second(name, _DELAYED))


def recover(name: str) -> str:
    """Have it restarted when it fails: also when it ends in order, but with an error; what was done."""
    actions = {
        "ResetPeriod": RESET_S, "RebootMsg": "", "Command": "", "Actions": [(_RESTART, delay) for delay in RESTARTS_MS],
    }  # fmt: skip
    _change(name, _FAILURE_ACTIONS, actions)
    _change(name, _FAILURE_FLAG, True)
    return "restart after 5 s, 30 s, then every 5 min; counted anew after a day"


def recovers(name: str) -> bool:
    """Whether it is restarted so."""
    actions = _second(name, _FAILURE_ACTIONS)
    wanted = [(_RESTART, delay) for delay in RESTARTS_MS]
    listed = [tuple(action) for action in actions.get("Actions") or ()]
    return listed == wanted and actions.get("ResetPeriod") == RESET_S and bool(_second(name, _FAILURE_FLAG))


def _change(name: str, what: int, to: object) -> None:
    with opened(name, ALL) as service:
        pywin32().ChangeServiceConfig2(service, what, to)


def _second(name: str, what: int) -> Any:
    with opened(name, LOOK) as service:
        return pywin32().QueryServiceConfig2(service, what)
