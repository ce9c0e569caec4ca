"""Rights of Lictor's own token that an administrator's process has, but which sleep until they are switched on.

With SeDebugPrivilege processes of other users can be opened; without it the enforcer works on those of its own user, and
says so. It is switched on once, at the start, and read back: AdjustTokenPrivileges reports success also when it did nothing.
"""

from __future__ import annotations

import ctypes

from enforcer.interface import Outcome
from enforcer.windows import api
from enforcer.windows.structures import TokenPrivilege

DEBUG = "SeDebugPrivilege"
OWNERS = ("SeTakeOwnershipPrivilege", "SeRestorePrivilege", "SeBackupPrivilege")
"""With them the owner of a file is changed, whatever its list says."""

_ADJUST_AND_QUERY = 0x0028
_ENABLED = 0x2


def enable_ownership() -> None:
    """Switch on what changes owners. Where one is not held, the system refuses later, and says so."""
    for name in OWNERS:
        enable(name)


def enable(name: str = DEBUG) -> Outcome:
    """Switch one privilege on; ``failed`` where this user does not hold it."""
    token = ctypes.c_void_p()
    try:
        api.call("OpenProcessToken", api.function("GetCurrentProcess")(), _ADJUST_AND_QUERY, ctypes.byref(token))
        wanted = TokenPrivilege(count=1, attributes=_ENABLED)
        api.call("LookupPrivilegeValueW", None, name, ctypes.byref(wanted, TokenPrivilege.luid.offset))
        api.call("AdjustTokenPrivileges", token, False, ctypes.byref(wanted), 0, None, None)
        code = api.last_error()
    except OSError as error:
        return Outcome("failed", f"{name}: {error}")
    finally:
        api.close(token.value or 0)
    if code:  # ERROR_NOT_ALL_ASSIGNED, with a result that says success
        return Outcome(
            "failed",
            f"{name} is not held by this user (error {code}): only own processes can be acted on; run as a service",
        )
    return Outcome("confirmed", f"{name} is on")
