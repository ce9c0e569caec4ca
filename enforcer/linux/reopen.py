"""The second look at a quarantined file: can the user that the agent runs as still open it by its name?"""

from __future__ import annotations

import ctypes
import errno
import os

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.setfsuid.argtypes = [ctypes.c_uint]
_LIBC.setfsuid.restype = ctypes.c_uint


def open_as(uid: int, path: str) -> int:
    """Try to open a path for reading as a user; 0, or the error number of the refusal.

    ``setfsuid`` holds for the calling thread alone, and takes the rights over files that root has with it. Raises
    ``PermissionError`` where we may not become that user, so that nothing would be told by the try.
    """
    before = _LIBC.setfsuid(uid)
    try:
        if _LIBC.setfsuid(uid) != uid:  # it gives the value from before, whether it worked or not
            raise PermissionError(errno.EPERM, f"may not become user {uid}")
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK))
        except OSError as error:
            return error.errno or errno.EIO
        return 0
    finally:
        _LIBC.setfsuid(before)
