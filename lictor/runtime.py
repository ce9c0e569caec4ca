"""Where a running Lictor can be reached and what it tells: sockets, folders of runs, the red switch.

All of it lies below one folder, which a restart of the machine empties wherever the system has such a place for the user.
Everybody may look in, only its owner write.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from lictor.errors import LictorError

VARIABLE = "LICTOR_RUNTIME"
SYSTEM = Path("/run/lictor")


def runtime_dir(environ: Mapping[str, str] | None = None, uid: int | None = None) -> Path:
    """The folder: ``$LICTOR_RUNTIME``, else the system's for root and one of the user's own otherwise.

    A relative ``$LICTOR_RUNTIME`` does not count here, since hooks ask in the agent's environment; whoever makes or
    looks for sockets is told (``made``, ``control_dirs``).
    """
    environ = os.environ if environ is None else environ
    if environ.get(VARIABLE, "").startswith("/"):
        return Path(environ[VARIABLE])
    if (os.geteuid() if uid is None else uid) == 0:
        return SYSTEM
    return _of_a_user(environ, os.geteuid() if uid is None else uid)


def _of_a_user(environ: Mapping[str, str], uid: int) -> Path:
    """A user's own: that of the session, else in the home, for macOS, containers and logins without a session."""
    given, session = environ.get("XDG_RUNTIME_DIR", ""), Path(f"/run/user/{uid}")
    if given.startswith("/"):
        return Path(given) / "lictor"
    if session.is_dir():
        return session / "lictor"
    return Path(environ.get("HOME") or Path.home()) / ".cache" / "lictor" / "run"


def control_dir() -> Path:
    """Sockets of the services that run."""
    return runtime_dir() / "control"


def control_dirs() -> list[Path]:
    """Folders in which services may be found: this user's, and root's, which other people ask too.

    Raises ``LictorError`` for one in which others could have put a socket of theirs.
    """
    _refuse_relative()
    # A variable that was set on purpose names the only one: tests and second installations stay by themselves.
    places = [control_dir()] if os.environ.get(VARIABLE) else [control_dir(), SYSTEM / "control"]
    found = [place for place in dict.fromkeys(places) if place.exists()]
    for place in found:
        refuse_foreign(place)
    return found


def run_dir(run: str) -> Path:
    """Folder of one run, for its hooks."""
    return runtime_dir() / "runs" / run


def paused_file() -> Path:
    """The red switch: nothing is enforced while it is there."""
    return runtime_dir() / "paused.json"


def made(folder: Path) -> Path:
    """Make a folder below the runtime folder, readable by all; raises ``LictorError`` where others could write there."""
    _refuse_relative()
    try:
        runtime_dir().parent.mkdir(parents=True, exist_ok=True)
        for each in _levels(folder):
            with suppress(FileExistsError):
                each.mkdir(0o755)
                each.chmod(0o755)  # whatever the umask says: people and hooks of other users look in
            refuse_foreign(each)
    except OSError as error:
        raise LictorError(f"{folder}: {error.strerror}; set {VARIABLE} to a folder where Lictor can write") from error
    return folder


def refuse_foreign(folder: Path) -> None:
    """Raise ``LictorError`` unless a folder is root's or ours, no link, and nobody else may write there."""
    status = folder.lstat()
    ours = status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not (stat.S_ISDIR(status.st_mode) and ours):
        raise LictorError(f"{folder}: others may write there; remove it, or set {VARIABLE} to another folder")


def _levels(folder: Path) -> Iterator[Path]:
    """The runtime folder, and each one on the way down."""
    place = runtime_dir()
    yield place
    for name in folder.relative_to(place).parts:
        place /= name
        yield place


def _refuse_relative() -> None:
    given = os.environ.get(VARIABLE, "")
    if given and not given.startswith("/"):
        raise LictorError(f"{VARIABLE}={given}: give the whole path, beginning with /")
