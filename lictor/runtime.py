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
from lictor.system import here

VARIABLE = "LICTOR_RUNTIME"
SYSTEM = here.SYSTEM_RUNTIME


def runtime_dir(environ: Mapping[str, str] | None = None, uid: int | None = None) -> Path:
    """The folder: ``$LICTOR_RUNTIME``, else the system's for root and one of the user's own otherwise.

    A relative ``$LICTOR_RUNTIME`` does not count here, since hooks ask in the agent's environment; whoever makes or
    looks for sockets is told (``made``, ``control_dirs``).
    """
    environ = os.environ if environ is None else environ
    if Path(environ.get(VARIABLE, "")).is_absolute():
        return Path(environ[VARIABLE])
    uid = here.own_uid() if uid is None else uid
    return SYSTEM if uid == 0 else here.user_runtime(environ, uid)


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
                here.make_folder(each)
            refuse_foreign(each)
    except OSError as error:
        raise LictorError(f"{folder}: {error.strerror}; set {VARIABLE} to a folder where Lictor can write") from error
    return folder


def refuse_foreign(folder: Path) -> None:
    """Raise ``LictorError`` unless a folder is root's or ours, no link, and nobody else may write there."""
    status = folder.lstat()
    if not (stat.S_ISDIR(status.st_mode) and here.is_ours(folder, status)):
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
    if given and not Path(given).is_absolute():
        raise LictorError(f"{VARIABLE}={given}: give the whole path, beginning with {Path.cwd().anchor}")
