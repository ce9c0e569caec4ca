"""The sole right to do something, against other processes too: a file that nobody else can open as long as it is held.

Windows closes it with the process that holds it, so nothing of it outlives a crash.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from enforcer.windows import api

_WRITE, _NOT_SHARED, _OPEN_ALWAYS, _NORMAL = 0x40000000, 0, 4, 0x80
_PAUSE_S = 0.01


@contextmanager
def alone(path: str, patience_s: float) -> Iterator[None]:
    """Hold it for the time of a ``with`` block; raises ``TimeoutError`` where somebody else keeps it for so long, ``OSError``."""
    handle = _opened(path, time.monotonic() + patience_s)
    try:
        yield
    finally:
        api.close(handle)


def _opened(path: str, until: float) -> int:
    while True:
        try:
            return api.call("CreateFileW", path, _WRITE, _NOT_SHARED, None, _OPEN_ALWAYS, _NORMAL, None)
        except OSError as error:
            if api.code_of(error) != api.SHARING_VIOLATION:
                raise
            if time.monotonic() > until:
                raise TimeoutError(f"{path} is held by another process") from error
        time.sleep(_PAUSE_S)
