r"""Windows: administrators and everybody else, folders below %ProgramData% and %LOCALAPPDATA%, access lists in place of modes.

Every file there seems to be user 0's, and each mode lets everybody write; who may really do that is said by owner and access list.
"""

from __future__ import annotations

import ctypes
import getpass
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from enforcer.windows import security

if TYPE_CHECKING:
    import psutil

READABLE = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FRFX;;;BU)"
"""SYSTEM and Administrators may do all, users may look. Without it every user may make files below %ProgramData%."""

_TRUSTED = ("SY", "BA")
_LOOKING = ("FR", "FX", "GR", "GX", "FRFX", "FXFR", "GRGX", "0x1200a9", "0x120089", "0x1200a0")
"""Rights in an access list that change nothing: read and execute, as SDDL spells them."""


def _program_data() -> Path:
    return Path(os.environ.get("PROGRAMDATA") or r"C:\ProgramData") / "Lictor"


SYSTEM_LAKE = _program_data() / "lake"
SYSTEM_RUNTIME = _program_data() / "run"


def own_uid() -> int:
    """0 for an administrator whose rights are switched on, and for LocalSystem; 1 for anybody else."""
    if sys.platform != "win32":
        return 1
    return 0 if ctypes.WinDLL("shell32").IsUserAnAdmin() else 1


def user_name(uid: int) -> str:  # noqa: ARG001 - users have no numbers here
    """Name of who runs this."""
    with suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return "?"


def home_of(user: str) -> str:
    """The profile of a user, who may be given with a domain."""
    name = user.rpartition("\\")[2]
    if name.casefold() == user_name(1).casefold():
        return pattern_path(str(Path.home()))
    return f"{pattern_path(os.environ.get('SYSTEMDRIVE', 'C:'))}/Users/{name}"


def user_of(process: psutil.Process) -> tuple[int, str, str]:
    """Number (users have none here: 1), name and home of the user that a process runs as; raises ``psutil.Error``."""
    name = process.username().rpartition("\\")[2]
    return 1, name, home_of(name)


def data_folder(environ: Mapping[str, str]) -> Path:
    """The user's data folder on this machine."""
    return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")


def user_runtime(environ: Mapping[str, str], uid: int) -> Path:  # noqa: ARG001 - as on other systems
    """Where a user's own services are."""
    return data_folder(environ) / "lictor" / "run"


def make_folder(folder: Path) -> None:
    """Make a folder that all may look into; raises ``FileExistsError``, ``OSError``. An administrator's is closed to other writers."""
    folder.mkdir()
    if own_uid() == 0:
        security.apply(str(folder), READABLE, protected=True)


def is_ours(path: Path, status: os.stat_result) -> bool:  # noqa: ARG001 - its owner is no use here
    """Whether SYSTEM, the administrators or we own a file or folder, and nobody else may write it."""
    try:
        return is_closed(security.describe(str(path)), security.own_sid())
    except OSError:
        return False


def is_closed(sddl: str, own: str) -> bool:
    """Whether a descriptor names a trusted owner, and lets nobody but the trusted and ``own`` write. Pure."""
    trusted = (*_TRUSTED, own)
    owner = sddl.partition("O:")[2].partition("G:")[0]
    if owner not in trusted:
        return False
    entries = [entry.rstrip(")").split(";") for entry in sddl.partition("D:")[2].partition("S:")[0].split("(")[1:]]
    return bool(entries) and all(
        len(entry) >= 6 and (entry[0] == "D" or entry[5] in trusted or entry[2] in _LOOKING or "IO" in entry[1])
        for entry in entries
    )


def pattern_path(path: str) -> str:
    """A path as policies write it: with slashes."""
    return PureWindowsPath(path).as_posix()
