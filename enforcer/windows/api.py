"""The Windows functions that the enforcer calls, each with its types, and each failure as an ``OSError`` with the function's name.

Types have fixed widths: ``wintypes.DWORD`` is 8 bytes on Linux, where this file is imported and checked too. Nothing is loaded
before the first call, so an import does nothing. Signatures are those of learn.microsoft.com; Nt functions of ntdll as in phnt.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import c_int32, c_uint32, c_void_p, c_wchar_p
from functools import cache
from typing import Any, NamedTuple

ACCESS_DENIED = 5
INVALID_PARAMETER = 87
MORE_DATA = 234
NOT_SAME_DEVICE = 17
SHARING_VIOLATION = 32
"""Win32 error codes that mean something to a caller; any other is only told."""

TERMINATE, SUSPEND_RESUME, SET_QUOTA, SYNCHRONIZE, QUERY = 0x0001, 0x0800, 0x0100, 0x00100000, 0x1000
"""Access rights of a process; the last is PROCESS_QUERY_LIMITED_INFORMATION."""

DUP_HANDLE = 0x0040
"""And this one: take copies of its handles, and put some in."""

_SAME_ACCESS = 2
_INVALID_HANDLE = c_void_p(-1).value


class Prototype(NamedTuple):
    """One function: its library, the type of its result and those of its arguments."""

    library: str
    result: Any
    arguments: tuple[Any, ...]


def _kernel32(result: Any, *arguments: Any) -> Prototype:
    return Prototype("kernel32", result, arguments)


def _ntdll(*arguments: Any) -> Prototype:
    return Prototype("ntdll", c_int32, arguments)  # NTSTATUS: negative is an error


_HANDLE = _POINTER = c_void_p
_BOOL = c_int32
_DWORD = c_uint32

PROTOTYPES: dict[str, Prototype] = {
    "OpenProcess": _kernel32(_HANDLE, _DWORD, _BOOL, _DWORD),
    "OpenThread": _kernel32(_HANDLE, _DWORD, _BOOL, _DWORD),
    "ResumeThread": _kernel32(_DWORD, _HANDLE),
    "GetCurrentProcess": _kernel32(_HANDLE),
    "CloseHandle": _kernel32(_BOOL, _HANDLE),
    "GetStdHandle": _kernel32(_HANDLE, _DWORD),
    "DuplicateHandle": _kernel32(_BOOL, _HANDLE, _HANDLE, _HANDLE, _POINTER, _DWORD, _BOOL, _DWORD),
    "GetExitCodeProcess": _kernel32(_BOOL, _HANDLE, _POINTER),
    "TerminateProcess": _kernel32(_BOOL, _HANDLE, _DWORD),
    "WaitForSingleObject": _kernel32(_DWORD, _HANDLE, _DWORD),
    "GetProcessTimes": _kernel32(_BOOL, _HANDLE, _POINTER, _POINTER, _POINTER, _POINTER),
    "QueryFullProcessImageNameW": _kernel32(_BOOL, _HANDLE, _DWORD, _POINTER, _POINTER),
    "CreateProcessW": _kernel32(
        _BOOL, c_wchar_p, c_wchar_p, _POINTER, _POINTER, _BOOL, _DWORD, _POINTER, c_wchar_p, _POINTER, _POINTER
    ),
    "CreateJobObjectW": _kernel32(_HANDLE, _POINTER, c_wchar_p),
    "SetInformationJobObject": _kernel32(_BOOL, _HANDLE, c_int32, _POINTER, _DWORD),
    "QueryInformationJobObject": _kernel32(_BOOL, _HANDLE, c_int32, _POINTER, _DWORD, _POINTER),
    "AssignProcessToJobObject": _kernel32(_BOOL, _HANDLE, _HANDLE),
    "TerminateJobObject": _kernel32(_BOOL, _HANDLE, _DWORD),
    "CreateToolhelp32Snapshot": _kernel32(_HANDLE, _DWORD, _DWORD),
    "Process32FirstW": _kernel32(_BOOL, _HANDLE, _POINTER),
    "Process32NextW": _kernel32(_BOOL, _HANDLE, _POINTER),
    "Thread32First": _kernel32(_BOOL, _HANDLE, _POINTER),
    "Thread32Next": _kernel32(_BOOL, _HANDLE, _POINTER),
    "CreateFileW": _kernel32(_HANDLE, c_wchar_p, _DWORD, _DWORD, _POINTER, _DWORD, _DWORD, _HANDLE),
    "ReadFile": _kernel32(_BOOL, _HANDLE, _POINTER, _DWORD, _POINTER, _POINTER),
    "WriteFile": _kernel32(_BOOL, _HANDLE, _POINTER, _DWORD, _POINTER, _POINTER),
    "CreatePipe": _kernel32(_BOOL, _POINTER, _POINTER, _POINTER, _DWORD),
    "PeekNamedPipe": _kernel32(_BOOL, _HANDLE, _POINTER, _DWORD, _POINTER, _POINTER, _POINTER),
    "MoveFileExW": _kernel32(_BOOL, c_wchar_p, c_wchar_p, _DWORD),
    "NtSuspendProcess": _ntdll(_HANDLE),
    "NtResumeProcess": _ntdll(_HANDLE),
    "NtGetNextThread": _ntdll(_HANDLE, _HANDLE, _DWORD, _DWORD, _DWORD, _POINTER),
    "NtQueryInformationThread": _ntdll(_HANDLE, c_int32, _POINTER, _DWORD, _POINTER),
    "OpenProcessToken": Prototype("advapi32", _BOOL, (_HANDLE, _DWORD, _POINTER)),
    "LookupPrivilegeValueW": Prototype("advapi32", _BOOL, (c_wchar_p, c_wchar_p, _POINTER)),
    "AdjustTokenPrivileges": Prototype("advapi32", _BOOL, (_HANDLE, _BOOL, _POINTER, _DWORD, _POINTER, _POINTER)),
    "RmStartSession": Prototype("rstrtmgr", _DWORD, (_POINTER, _DWORD, _POINTER)),
    "RmRegisterResources": Prototype(
        "rstrtmgr", _DWORD, (_DWORD, _DWORD, _POINTER, _DWORD, _POINTER, _DWORD, _POINTER)
    ),
    "RmGetList": Prototype("rstrtmgr", _DWORD, (_DWORD, _POINTER, _POINTER, _POINTER, _POINTER)),
    "RmEndSession": Prototype("rstrtmgr", _DWORD, (_DWORD,)),
}


def function(name: str) -> Any:
    """The function with its types set, result as it comes; raises ``OSError`` elsewhere than on Windows."""
    return _function(name)


@cache
def _function(name: str) -> Any:
    if sys.platform != "win32":
        raise OSError(f"{name}: only Windows has it")
    prototype = PROTOTYPES[name]
    found = getattr(ctypes.WinDLL(prototype.library, use_last_error=True), name)
    found.restype, found.argtypes = prototype.result, prototype.arguments
    return found


def call(name: str, *arguments: Any) -> int:
    """Call it and give its result; raises ``OSError`` when that says failure (null, an invalid handle, a negative NTSTATUS)."""
    result = _function(name)(*arguments)
    if PROTOTYPES[name].library == "ntdll":
        if result < 0:
            raise OSError(f"{name}: NTSTATUS 0x{result & 0xFFFFFFFF:08X}")
        return int(result)
    if not result or result == _INVALID_HANDLE:
        raise failure(name, last_error())
    return int(result)


def last_error() -> int:
    """Win32 error code of the last call in this thread."""
    if sys.platform != "win32":
        return 0
    return ctypes.get_last_error()


def failure(name: str, code: int) -> OSError:
    """The error of a call: with ``winerror``, and as the subclass that Python has for it (``PermissionError`` for 5)."""
    if sys.platform != "win32":
        return OSError(code, f"{name} gives error {code}")
    return OSError(0, f"{name}: {ctypes.FormatError(code).strip()}", None, code)


def code_of(error: OSError) -> int:
    """The Win32 code of an error; 0 where it has none."""
    return int(getattr(error, "winerror", 0) or 0)


def copy(handle: int, to: int, from_: int = 0, *, access: int | None = None, inherit: bool = False) -> int:
    """A copy of a handle for the process of handle ``to``, of one of our own or of the process ``from_``; raises ``OSError``.

    With the rights that it has, or with those of ``access``. Other processes than our own need DUP_HANDLE.
    """
    me, made = _function("GetCurrentProcess")(), ctypes.c_void_p()
    call(
        "DuplicateHandle", from_ or me, handle, to or me, ctypes.byref(made), access or 0, inherit,
        _SAME_ACCESS if access is None else 0,
    )  # fmt: skip
    return made.value or 0


def close(handle: int) -> None:
    """Close a handle; one that is closed already does no harm."""
    if handle:
        _function("CloseHandle")(handle)
