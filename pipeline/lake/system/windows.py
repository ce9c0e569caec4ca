"""Files of a lake on Windows: opened so that others may rename and delete them meanwhile, locked far behind their end.

Python opens files without FILE_SHARE_DELETE, and then nobody can rename a log that is open, or remove one that is being read. A lock of
Windows keeps others from the bytes it covers; one byte that no file ever has tells the living from the dead and
disturbs no reader. Names are durable by MOVEFILE_WRITE_THROUGH, so folders need nothing.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import c_int32, c_uint32, c_uint64, c_void_p, c_wchar_p
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

_GENERIC_READ, _GENERIC_WRITE = 0x80000000, 0x40000000
_SHARE_ALL = 0x7  # read, write, delete
_CREATE_NEW, _CREATE_ALWAYS, _OPEN_EXISTING, _OPEN_ALWAYS = 1, 2, 3, 4
_NORMAL = 0x80
_INVALID = c_void_p(-1).value
_FAIL_AT_ONCE, _EXCLUSIVE = 1, 2
_REPLACE, _WRITE_THROUGH = 1, 8
_ACCESS_DENIED, _SHARING_VIOLATION, _LOCK_VIOLATION, _IO_PENDING = 5, 32, 33, 997
_BEHIND_ALL = 1 << 62
_BELOW_NORMAL = -1
_TRIES, _PAUSE_S = 50, 0.02

_msvcrt: Any = None
_kernel32: Any = None
if sys.platform == "win32":
    _msvcrt = importlib.import_module("msvcrt")
    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel32.CreateFileW.restype = c_void_p
    _kernel32.CreateFileW.argtypes = [c_wchar_p, c_uint32, c_uint32, c_void_p, c_uint32, c_uint32, c_void_p]
    _kernel32.LockFileEx.argtypes = [c_void_p, c_uint32, c_uint32, c_uint32, c_uint32, c_void_p]
    _kernel32.MoveFileExW.argtypes = [c_wchar_p, c_wchar_p, c_uint32]
    _kernel32.GetCurrentThread.restype = c_void_p
    _kernel32.SetThreadPriority.argtypes = [c_void_p, c_int32]


class Overlapped(ctypes.Structure):
    """OVERLAPPED of minwinbase.h: where in the file."""

    _fields_: ClassVar = [("internal", c_uint64), ("high", c_uint64), ("offset", c_uint64), ("event", c_void_p)]


def disposition(flags: int) -> int:
    """What CreateFileW does about a file that is or is not there, for flags of ``os.open``. Pure."""
    if flags & os.O_CREAT and flags & os.O_EXCL:
        return _CREATE_NEW
    if flags & os.O_CREAT:
        return _CREATE_ALWAYS if flags & os.O_TRUNC else _OPEN_ALWAYS
    return _OPEN_EXISTING


def opened(path: Path | str, flags: int, mode: int = 0o600) -> int:  # noqa: ARG001 - access comes from the folder here
    """A descriptor that no child inherits and that lets others rename and delete; raises ``OSError``."""
    access = _GENERIC_READ | (_GENERIC_WRITE if flags & (os.O_RDWR | os.O_WRONLY) else 0)
    handle = _kernel32.CreateFileW(os.fspath(path), access, _SHARE_ALL, None, disposition(flags), _NORMAL, None)
    if handle == _INVALID:
        raise _failure(path)
    return int(_msvcrt.open_osfhandle(handle, flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)))


def lock(fd: int) -> None:
    """Lock an open file for this process alone; waits. The lock ends with the descriptor."""
    while not try_lock(fd):
        time.sleep(_PAUSE_S)


def try_lock(fd: int) -> bool:
    """As ``lock``, without a wait; whether nobody else has it. Raises ``OSError``."""
    where = Overlapped(offset=_BEHIND_ALL)
    handle = _msvcrt.get_osfhandle(fd)
    if _kernel32.LockFileEx(handle, _EXCLUSIVE | _FAIL_AT_ONCE, 0, 1, 0, ctypes.byref(where)):
        return True
    if _last_error() in (_LOCK_VIOLATION, _IO_PENDING):
        return False
    raise _failure("lock")


def write(fd: int, buffers: Sequence[Any]) -> int:
    """Write all of the buffers; returns the number of bytes."""
    rest = memoryview(b"".join(bytes(b) for b in buffers))
    total = len(rest)
    while rest:
        rest = rest[os.write(fd, rest) :]
    return total


def read_at(fd: int, length: int, offset: int) -> bytes:
    """So many bytes from a place on, fewer at the end. Moves the descriptor's own place."""
    os.lseek(fd, offset, os.SEEK_SET)
    parts = []
    while length and (part := os.read(fd, length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def read_whole(path: Path) -> bytes:
    """All of a file, without keeping anybody from removing it; raises ``OSError``."""
    with os.fdopen(opened(path, os.O_RDONLY), "rb") as file:
        return file.read()


@contextmanager
def mapped(path: Path) -> Iterator[pa.Buffer]:
    """The content of a file: read, since one that is mapped cannot be removed."""
    yield pa.py_buffer(read_whole(path))


def sync(fd: int) -> None:
    """Make the content of a file durable."""
    os.fsync(fd)


def sync_folder(path: Path) -> None:
    """Names are durable when ``replace`` returns."""


def replace(source: Path, target: Path) -> None:
    """Give a file another name, which may be taken, durably; waits a second for who holds one of them."""
    _patiently(source, lambda: _kernel32.MoveFileExW(str(source), str(target), _REPLACE | _WRITE_THROUGH))


def remove(path: Path) -> None:
    """Delete a file; waits a second for who holds it. Raises ``FileNotFoundError``."""
    for _ in range(_TRIES):
        try:
            return path.unlink()
        except PermissionError:
            time.sleep(_PAUSE_S)
    return path.unlink()


def may_write(folder: Path) -> bool:
    """Whether files can be made in a folder: tried, since the mode says nothing about access lists."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def readable(fd: int, seconds: float) -> bool:
    """Whether a pipe has something to read, or its end, within that time: no wait of Windows takes a pipe, so it is looked at."""
    handle, there, deadline, pause = _msvcrt.get_osfhandle(fd), c_uint32(), time.monotonic() + seconds, 0.0005
    while _kernel32.PeekNamedPipe(c_void_p(handle), None, 0, None, ctypes.byref(there), None) and not there.value:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(2 * pause, _PAUSE_S)
    return True


def read_into(fd: int, room: memoryview) -> int:
    """What a pipe has, up to the room there is; how many bytes, 0 at the end."""
    data = os.read(fd, len(room))
    room[: len(data)] = data
    return len(data)


def be_nice() -> None:
    """The calling thread gives way to others."""
    _kernel32.SetThreadPriority(_kernel32.GetCurrentThread(), _BELOW_NORMAL)


def _patiently(path: Path, do: Callable[[], int]) -> None:
    for left in range(_TRIES, -1, -1):
        if do():
            return
        if not left or _last_error() not in (_ACCESS_DENIED, _SHARING_VIOLATION):
            raise _failure(path)
        time.sleep(_PAUSE_S)


def _last_error() -> int:
    if sys.platform != "win32":
        return 0
    return ctypes.get_last_error()


def _failure(path: Path | str) -> OSError:
    if sys.platform != "win32":
        return OSError(0, "only Windows has it", str(path))
    code = ctypes.get_last_error()
    return OSError(0, ctypes.FormatError(code).strip(), str(path), code)
