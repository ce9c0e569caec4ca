"""A file from one place to another so that it is durable, never half there, and known by its hash afterwards.

Within a volume it is one rename (also of a program that runs: Windows permits that). Across volumes it is copied,
read back, compared, and only then removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from enforcer.vault.record import VaultError
from enforcer.windows import api

REPLACE, DELAY_UNTIL_REBOOT, WRITE_THROUGH = 1, 4, 8
_PIECE = 1 << 20
_SESSION, _NT = r"SYSTEM\CurrentControlSet\Control\Session Manager", "\\??\\"


def sha256(path: str) -> str:
    """Hash of the whole file; raises ``OSError``."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def move(source: str, target: str, *, replace: bool = True) -> bool:
    """Move a file; whether it went by a copy to another volume. Raises ``OSError`` (32: somebody holds it) or ``VaultError``."""
    try:
        api.call("MoveFileExW", source, target, WRITE_THROUGH | (REPLACE if replace else 0))
    except OSError as error:
        if api.code_of(error) != api.NOT_SAME_DEVICE:
            raise
        _across(source, target, replace=replace)
        return True
    return False


def at_next_start(source: str, target: str) -> None:
    """Have Windows move it before any program runs again; needs an administrator. Raises ``OSError``."""
    api.call("MoveFileExW", source, target, DELAY_UNTIL_REBOOT)


def waits_for_start(source: str) -> bool:
    """Whether a move of this file is on Windows' list for its next start; raises ``OSError``."""
    listed = (one.removeprefix(_NT).casefold() for one in _pending()[::2])
    return source.casefold() in listed


def _pending() -> list[str]:
    """Sources and targets in turn, as the session manager reads them."""
    if sys.platform != "win32":
        raise OSError("only Windows has this list")
    import winreg  # noqa: PLC0415 - only Windows has it

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _SESSION) as key:
            return [str(one) for one in winreg.QueryValueEx(key, "PendingFileRenameOperations")[0]]
    except FileNotFoundError:
        return []


def _across(source: str, target: str, *, replace: bool) -> None:
    with Path(source).open("rb") as from_, Path(target).open("wb" if replace else "xb") as to:
        shutil.copyfileobj(from_, to, _PIECE)
        to.flush()
        os.fsync(to.fileno())
    if sha256(source) != sha256(target):
        Path(target).unlink()
        raise VaultError(f"{source}: the copy reads back differently; the original stays")
    try:
        with writable(source):
            Path(source).unlink()
    except OSError:
        Path(target).unlink()
        raise


@contextlib.contextmanager
def writable(path: str) -> Iterator[None]:
    """A read-only file can neither be replaced nor removed; for the time of a ``with`` block it is not, if it stays."""
    mode = Path(path).stat().st_mode
    Path(path).chmod(mode | 0o200)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            Path(path).chmod(mode)
