"""Who may do what with a file: the security descriptor as SDDL text, and one that leaves a file to the system alone.

By pywin32, since descriptors are variable-length structures of structures. The one set here is protected: nothing is
inherited from the folder, so nobody gets a right by moving or by a change further up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from enforcer.windows.accesslist import ANY, entries, explicit, is_protected, may, owner
from enforcer.windows.privileges import enable_ownership

SEALED = "D:PAI(A;;FA;;;SY)(A;;FA;;;BA)"
"""Full access for SYSTEM and Administrators, protected, nobody else. SDDL of learn.microsoft.com."""

OWNER = "O:BA"
"""Administrators: whoever owns a file may change its list, whatever that says."""

SEALED_FOLDER = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
"""The same for a folder, and for what is made in it."""

_DACL, _OWNER, _GROUP = 0x4, 0x1, 0x2
_PROTECTED = -0x80000000  # PROTECTED_DACL_SECURITY_INFORMATION as the signed C long that pywin32 takes
_FILE = 1  # SE_FILE_OBJECT
_REVISION = 1
_READ_CONTROL, _WRITE_DAC, _WRITE_OWNER = 0x20000, 0x40000, 0x80000
_SHARE_ALL, _OPEN_EXISTING = 7, 3
_ITSELF = 0x02000000 | 0x00200000  # FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT
_QUERY, _USER = 0x8, 1  # TOKEN_QUERY, TokenUser


def describe(path: str) -> str:
    """Owner, group and DACL of a file or folder as SDDL; raises ``OSError``."""
    security = _pywin32()
    with _as_os_error(path):
        found = security.GetNamedSecurityInfo(path, _FILE, _OWNER | _GROUP | _DACL)
        return str(
            security.ConvertSecurityDescriptorToStringSecurityDescriptor(found, _REVISION, _OWNER | _GROUP | _DACL)
        )


def apply(path: str, sddl: str, *, protected: bool) -> None:
    """Set the DACL that ``sddl`` has; ``protected`` cuts off what the folder hands down. Raises ``OSError``."""
    security = _pywin32()
    with _as_os_error(path):
        wanted = security.ConvertStringSecurityDescriptorToSecurityDescriptor(sddl, _REVISION)
        what = _DACL | (_PROTECTED if protected else 0)
        security.SetNamedSecurityInfo(path, _FILE, what, None, None, wanted.GetSecurityDescriptorDacl(), None)


def describe_itself(path: str) -> str:
    """As ``describe``, but of a link or junction itself and never of what it leads to. Raises ``OSError``."""
    security = _pywin32()
    with _as_os_error(path), _opened(path, _READ_CONTROL) as handle:
        found = security.GetSecurityInfo(handle, _FILE, _OWNER | _GROUP | _DACL)
        return str(
            security.ConvertSecurityDescriptorToStringSecurityDescriptor(found, _REVISION, _OWNER | _GROUP | _DACL)
        )


def take_over(path: str, sddl: str) -> None:
    """Set the owner and the DACL that ``sddl`` has, protected; the owner first, who may then set the list. Raises ``OSError``.

    Through handles that never follow a link: whoever swaps a folder for a junction in this moment has his junction closed, not what it leads to.
    """
    security = _pywin32()
    with _as_os_error(path):
        wanted = security.ConvertStringSecurityDescriptorToSecurityDescriptor(sddl, _REVISION)
        whose, dacl = wanted.GetSecurityDescriptorOwner(), wanted.GetSecurityDescriptorDacl()
        with _opened(path, _WRITE_OWNER) as handle:
            security.SetSecurityInfo(handle, _FILE, _OWNER, whose, None, None, None)
        with _opened(path, _READ_CONTROL | _WRITE_DAC) as handle:
            security.SetSecurityInfo(handle, _FILE, _DACL | _PROTECTED, None, None, dacl, None)


def seal(path: str) -> None:
    """Leave a file or folder to SYSTEM and Administrators: owner and list. Raises ``OSError``.

    Where the owner may not be changed (no administrator), the list alone; ``is_sealed`` tells it then.
    """
    enable_ownership()
    try:
        take_over(path, OWNER + SEALED)
    except OSError:
        apply(path, SEALED, protected=True)


def give_back(path: str, sddl: str) -> str:
    """Set the owner and the list that ``sddl`` has; the owner first, as long as the list lets us. Raises ``OSError``.

    Gives what did not read back, in words: another's file may be given to him by an administrator alone. What the folder
    hands down is the folder's affair and not compared.
    """
    security, note = _pywin32(), ""
    enable_ownership()
    try:
        with _as_os_error(path), _opened(path, _WRITE_OWNER) as handle:
            wanted = security.ConvertStringSecurityDescriptorToSecurityDescriptor(sddl, _REVISION)
            security.SetSecurityInfo(handle, _FILE, _OWNER, wanted.GetSecurityDescriptorOwner(), None, None, None)
    except OSError as error:
        note = f"its owner could not be given back: {error.strerror or error}"
    apply(path, sddl, protected=is_protected(sddl))
    if note or owner(found := describe(path)) != owner(sddl):
        return note or "its owner reads back as another"
    return "" if explicit(found) == explicit(sddl) else f"its access list reads back as {found}"


def make_folder(path: str, sddl: str) -> None:
    """Make a folder that is closed from its first moment: nobody can open it in between. Raises ``OSError``, ``FileExistsError``."""
    security = _pywin32()
    import pywintypes  # noqa: PLC0415 - as below
    import win32file  # noqa: PLC0415

    with _as_os_error(path):
        attributes = pywintypes.SECURITY_ATTRIBUTES()
        attributes.SECURITY_DESCRIPTOR = security.ConvertStringSecurityDescriptorToSecurityDescriptor(sddl, _REVISION)
        win32file.CreateDirectoryW(path, attributes)


def is_sealed(sddl: str) -> bool:
    """Whether a descriptor as read back belongs to them, lets only SYSTEM and Administrators in and inherits nothing. Pure."""
    listed = list(entries(sddl))
    return bool(listed) and all(entry.allows for entry in listed) and is_protected(sddl) and not may(sddl, ANY)


def own_sid() -> str:
    """The user of this process, as SDDL writes a SID; raises ``OSError``."""
    security = _pywin32()
    import win32api  # noqa: PLC0415 - as below

    with _as_os_error("this process"):
        token = security.OpenProcessToken(win32api.GetCurrentProcess(), _QUERY)
        return str(security.ConvertSidToStringSid(security.GetTokenInformation(token, _USER)[0]))


_KNOWN = {
    "WD": "everybody",
    "BU": "Users",
    "AU": "Authenticated Users",
    "IU": "interactive users",
    "BG": "Guests",
    "CO": "the creator",
}
"""Abbreviations of SDDL that a person may not know."""


def name_of(sid: str) -> str:
    """The account that SDDL means by a SID or abbreviation, else the SID itself; never raises."""
    if sid in _KNOWN:
        return _KNOWN[sid]
    with suppress(Exception):  # elsewhere than on Windows, or an account that is gone
        security = _pywin32()
        name, domain, _ = security.LookupAccountSid(None, security.ConvertStringSidToSid(sid))
        return f"{domain}\\{name} ({sid})" if domain else f"{name} ({sid})"
    return sid


@contextmanager
def _opened(path: str, access: int) -> Iterator[Any]:
    """A handle to a file or folder as it is, link or not; with the backup privileges held, whatever its list says."""
    import win32file  # noqa: PLC0415 - as below

    handle = win32file.CreateFileW(path, access, _SHARE_ALL, None, _OPEN_EXISTING, _ITSELF, None)
    try:
        yield handle
    finally:
        handle.Close()


def _pywin32() -> Any:
    import win32security  # noqa: PLC0415 - only Windows has it, and this file is imported everywhere

    return win32security


class _as_os_error:  # noqa: N801 - used as a statement
    """Turns pywin32's error, which is no ``OSError``, into one."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        code = getattr(error, "winerror", None)
        if code is not None and not isinstance(error, OSError):
            raise OSError(0, f"security of {self._path}: {error}", None, code) from error
