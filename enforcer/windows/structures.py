"""C structures of the Windows functions in ``api``, with widths that are the same on every system.

Layouts are those of winnt.h, tlhelp32.h, processthreadsapi.h and RestartManager.h for 64-bit Windows; their sizes are tested against those of
the mingw-w64 headers.
"""

from __future__ import annotations

from ctypes import Structure, c_int32, c_int64, c_size_t, c_uint16, c_uint32, c_uint64, c_void_p
from typing import ClassVar


class BasicLimits(Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_: ClassVar = [
        ("process_time", c_int64), ("job_time", c_int64), ("flags", c_uint32), ("least_working_set", c_size_t),
        ("most_working_set", c_size_t), ("active_processes", c_uint32), ("affinity", c_size_t), ("priority", c_uint32),
        ("scheduling", c_uint32),
    ]  # fmt: skip


class ExtendedLimits(Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION, class 9."""

    _fields_: ClassVar = [
        ("basic", BasicLimits), ("io", c_uint64 * 6), ("process_memory", c_size_t), ("job_memory", c_size_t),
        ("peak_process_memory", c_size_t), ("peak_job_memory", c_size_t),
    ]  # fmt: skip


class Accounting(Structure):
    """JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, class 1."""

    _fields_: ClassVar = [
        ("times", c_int64 * 4), ("page_faults", c_uint32), ("total", c_uint32), ("active", c_uint32),
        ("terminated", c_uint32),
    ]  # fmt: skip


class ProcessEntry(Structure):
    """PROCESSENTRY32W of tlhelp32.h; the name is UTF-16, which ``c_wchar`` is only on Windows."""

    _fields_: ClassVar = [
        ("size", c_uint32), ("usage", c_uint32), ("pid", c_uint32), ("heap", c_size_t), ("module", c_uint32),
        ("threads", c_uint32), ("parent", c_uint32), ("priority", c_int32), ("flags", c_uint32), ("name", c_uint16 * 260),
    ]  # fmt: skip


class ThreadEntry(Structure):
    """THREADENTRY32 of tlhelp32.h."""

    _fields_: ClassVar = [
        ("size", c_uint32), ("usage", c_uint32), ("tid", c_uint32), ("pid", c_uint32), ("priority", c_int32),
        ("delta", c_int32), ("flags", c_uint32),
    ]  # fmt: skip


class StartupInfo(Structure):
    """STARTUPINFOW; of it size, flags and standard handles are filled in."""

    _fields_: ClassVar = [
        ("size", c_uint32), ("reserved", c_void_p), ("desktop", c_void_p), ("title", c_void_p), ("place", c_uint32 * 7),
        ("flags", c_uint32), ("show", c_uint16), ("reserved_size", c_uint16), ("reserved_bytes", c_void_p), ("handles", c_void_p * 3),
    ]  # fmt: skip


class ProcessInformation(Structure):
    """PROCESS_INFORMATION: two handles that are ours to close."""

    _fields_: ClassVar = [("process", c_void_p), ("thread", c_void_p), ("pid", c_uint32), ("tid", c_uint32)]


class TokenPrivilege(Structure):
    """TOKEN_PRIVILEGES with one entry; the LUID is two 32-bit halves."""

    _fields_: ClassVar = [("count", c_uint32), ("luid", c_uint32 * 2), ("attributes", c_uint32)]


class Holder(Structure):
    """RM_PROCESS_INFO: a process that the Restart Manager found using a file."""

    _fields_: ClassVar = [
        ("pid", c_uint32), ("started", c_uint32 * 2), ("application", c_uint16 * 256), ("service", c_uint16 * 64),
        ("kind", c_int32), ("status", c_uint32), ("session", c_uint32), ("restartable", c_int32),
    ]  # fmt: skip


def pid_list(room: int) -> type[Structure]:
    """JOBOBJECT_BASIC_PROCESS_ID_LIST, class 3, with room for so many pids."""

    class PidList(Structure):
        """How many belong to the job, how many are listed, and those."""

        _fields_: ClassVar = [("assigned", c_uint32), ("listed", c_uint32), ("pids", c_size_t * room)]

    return PidList
