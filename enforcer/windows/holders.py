"""Which processes keep a file from being moved, as the Restart Manager of Windows tells it.

It knows of open handles and of mapped programs alike. Under Wine it lists nobody; whoever asks has to cope with that.
"""

from __future__ import annotations

import ctypes

from enforcer.windows import api
from enforcer.windows.identity import process_key
from enforcer.windows.structures import Holder

_KEY_UNITS = 33
_MOST = 64


def holders(path: str) -> list[tuple[int, int]]:
    """(pid, process_key) of each process that uses the file; empty where the system does not tell."""
    session, text = ctypes.c_uint32(), ctypes.create_unicode_buffer(_KEY_UNITS)
    try:
        if api.function("RmStartSession")(ctypes.byref(session), 0, ctypes.byref(text)):
            return []
        try:
            return _listed(session.value, path)
        finally:
            api.function("RmEndSession")(session.value)
    except (OSError, AttributeError):  # the library, or the function in it, is not there
        return []


def _listed(session: int, path: str) -> list[tuple[int, int]]:
    names = (ctypes.c_wchar_p * 1)(path)
    if api.function("RmRegisterResources")(session, 1, ctypes.byref(names), 0, None, 0, None):
        return []
    needed, room, why = ctypes.c_uint32(), ctypes.c_uint32(_MOST), ctypes.c_uint32()
    found = (Holder * _MOST)()
    if api.function("RmGetList")(
        session, ctypes.byref(needed), ctypes.byref(room), ctypes.byref(found), ctypes.byref(why)
    ):
        return []
    return [(one.pid, process_key(one.pid, one.started[0] | one.started[1] << 32)) for one in found[: room.value]]
