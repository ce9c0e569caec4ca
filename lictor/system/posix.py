"""Linux and other Unix systems: users by number, folders as the XDG specification and the file system hierarchy have them.

A hook imports this before each tool of an agent, so it stands on the standard library alone.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

SYSTEM_LAKE = Path("/var/lib/lictor")
SYSTEM_RUNTIME = Path("/run/lictor")


def own_uid() -> int:
    """The user whose rights this process has; 0 may do all."""
    return os.geteuid()


def user_name(uid: int) -> str:
    """Name of a user, or the number where the user database has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid)


def home_of(user: str) -> str:
    """The home of a user by name or number, else where homes usually are."""
    try:
        entry = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except (KeyError, OverflowError):
        return "/root" if user in ("root", "0") else f"/home/{user}"
    return os.path.realpath(entry.pw_dir)


def user_of(process: psutil.Process) -> tuple[int, str, str]:
    """Number, name and home of the user that a process runs as; raises ``psutil.Error``."""
    uid = process.uids().effective
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return uid, str(uid), "/"
    return uid, entry.pw_name, entry.pw_dir


def data_folder(environ: Mapping[str, str]) -> Path:
    """The user's data folder; a relative ``XDG_DATA_HOME`` is ignored, as the XDG specification says."""
    configured = environ.get("XDG_DATA_HOME", "")
    if configured.startswith("/"):
        return Path(configured)
    return Path(environ.get("HOME") or Path.home()) / ".local" / "share"


def user_runtime(environ: Mapping[str, str], uid: int) -> Path:
    """Where a user's own services are: with the session, else in the home, for macOS, containers and logins without a session."""
    given, session = environ.get("XDG_RUNTIME_DIR", ""), Path(f"/run/user/{uid}")
    if given.startswith("/"):
        return Path(given) / "lictor"
    if session.is_dir():
        return session / "lictor"
    return Path(environ.get("HOME") or Path.home()) / ".cache" / "lictor" / "run"


def make_folder(folder: Path) -> None:
    """Make a folder that all may look into; raises ``FileExistsError``, ``OSError``."""
    folder.mkdir(0o755)
    folder.chmod(0o755)  # whatever the umask says: people and hooks of other users look in


def is_ours(path: Path, status: os.stat_result) -> bool:  # noqa: ARG001 - other systems need it
    """Whether a file or folder is root's or ours, and nobody else may write it; ``status`` is what ``lstat`` gave."""
    return (
        not stat.S_ISLNK(status.st_mode) and status.st_uid in (0, os.geteuid())
        and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )  # fmt: skip


def pattern_path(path: str) -> str:
    """A path as policies write it."""
    return path
