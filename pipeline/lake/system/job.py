"""The query worker's cage on Windows: a job object of its own, and the lowest integrity level.

The job bounds memory and processor time and lets the worker start nobody. Whoever has low integrity may read and change nothing that
belongs to an ordinary user, so a COPY that passes as a SELECT can write nowhere in a lake. What it may read only DuckDB's
own settings bound here. Wine has no integrity levels; it hosts tests, and is told apart.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p, c_wchar_p
from pathlib import Path
from typing import Any, ClassVar

from pipeline.lake.errors import LakeError

LOW = "S-1-16-4096"
"""The mandatory label of low integrity."""

_ONE_PROCESS, _PROCESS_TIME, _PROCESS_MEMORY, _NO_DIALOG = 0x8, 0x2, 0x100, 0x400
_EXTENDED = 9
_ADJUST_DEFAULT_AND_QUERY = 0x88
_INTEGRITY_LEVEL, _IS_INTEGRITY = 25, 0x20
_HUNDRED_NS = 10_000_000


class Limits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION, class 9, with its parts in one."""

    _fields_: ClassVar = [
        ("process_time", c_int64), ("job_time", c_int64), ("flags", c_uint32), ("least", c_size_t), ("most", c_size_t),
        ("processes", c_uint32), ("affinity", c_size_t), ("priority", c_uint32), ("scheduling", c_uint32),
        ("io", c_uint64 * 6), ("process_memory", c_size_t), ("job_memory", c_size_t), ("peak_process", c_size_t),
        ("peak_job", c_size_t),
    ]  # fmt: skip


class Label(ctypes.Structure):
    """TOKEN_MANDATORY_LABEL: a SID and its attributes."""

    _fields_: ClassVar = [("sid", c_void_p), ("attributes", c_uint32)]


def limits(memory: int, seconds: float | None, processors: int) -> Limits:
    """What the job allows: bytes of one process, seconds of all processors together. Pure."""
    found = Limits(processes=1, process_memory=memory, flags=_ONE_PROCESS | _PROCESS_MEMORY | _NO_DIALOG)
    if seconds is not None:
        found.process_time = (int(seconds * processors) + 5) * _HUNDRED_NS
        found.flags |= _PROCESS_TIME
    return found


def confine(root: Path, *, memory: int, seconds: float | None, unsafe: bool) -> str:  # noqa: ARG001 - as on other systems
    """Give up what can be given up; returns what holds the worker. See ``pipeline.lake.sandbox.confine``.

    Raises ``LakeError`` where its integrity cannot be lowered, unless ``unsafe``.
    """
    _into_job(limits(memory, seconds, os.cpu_count() or 1))
    if _lowered():
        return "a job, and low integrity"
    if _is_wine():
        return "a job; Wine has no integrity levels"
    if unsafe:
        return "a job"
    raise LakeError(
        "Windows does not let a query's integrity be lowered, so it could change the lake: please report this"
    )


def _library(name: str) -> Any:
    if sys.platform != "win32":
        raise OSError(f"{name}: only Windows has it")
    return ctypes.WinDLL(name, use_last_error=True)


def _into_job(wanted: Limits) -> None:
    kernel32 = _library("kernel32")
    kernel32.CreateJobObjectW.restype = kernel32.GetCurrentProcess.restype = c_void_p
    kernel32.SetInformationJobObject.argtypes = [c_void_p, c_int32, c_void_p, c_uint32]
    kernel32.AssignProcessToJobObject.argtypes = [c_void_p, c_void_p]
    job = kernel32.CreateJobObjectW(None, None)  # stays open: the job lasts as long as the worker
    done = job and kernel32.SetInformationJobObject(job, _EXTENDED, ctypes.byref(wanted), ctypes.sizeof(wanted))
    if not (done and kernel32.AssignProcessToJobObject(job, kernel32.GetCurrentProcess())):
        raise LakeError("the query worker cannot be put into a job object: please report this")


def _lowered() -> bool:
    """Lower the integrity of this process; whether it reads back as low."""
    advapi32, kernel32 = _library("advapi32"), _library("kernel32")
    kernel32.GetCurrentProcess.restype = c_void_p
    advapi32.OpenProcessToken.argtypes = [c_void_p, c_uint32, c_void_p]
    advapi32.ConvertStringSidToSidW.argtypes = [c_wchar_p, c_void_p]
    advapi32.SetTokenInformation.argtypes = [c_void_p, c_int32, c_void_p, c_uint32]
    advapi32.GetLengthSid.argtypes = [c_void_p]
    token, sid = c_void_p(), c_void_p()
    if not advapi32.OpenProcessToken(kernel32.GetCurrentProcess(), _ADJUST_DEFAULT_AND_QUERY, ctypes.byref(token)):
        return False
    try:
        if not advapi32.ConvertStringSidToSidW(LOW, ctypes.byref(sid)):
            return False
        label = Label(sid.value, _IS_INTEGRITY)
        size = ctypes.sizeof(label) + advapi32.GetLengthSid(sid)
        advapi32.SetTokenInformation(token, _INTEGRITY_LEVEL, ctypes.byref(label), size)
        return _level(advapi32, token) == LOW
    finally:
        kernel32.CloseHandle(token)


def _level(advapi32: Any, token: c_void_p) -> str | None:
    """The integrity of a token as text."""
    room, size, text = ctypes.create_string_buffer(256), c_uint32(), c_wchar_p()
    advapi32.GetTokenInformation.argtypes = [c_void_p, c_int32, c_void_p, c_uint32, c_void_p]
    advapi32.ConvertSidToStringSidW.argtypes = [c_void_p, c_void_p]
    if not advapi32.GetTokenInformation(token, _INTEGRITY_LEVEL, room, len(room), ctypes.byref(size)):
        return None
    sid = Label.from_buffer(room).sid
    return text.value if advapi32.ConvertSidToStringSidW(sid, ctypes.byref(text)) else None


def _is_wine() -> bool:
    return hasattr(_library("ntdll"), "wine_get_version")
