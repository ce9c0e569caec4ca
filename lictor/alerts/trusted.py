"""Reads a file that decides what runs, only where nobody else could have written it.

A file of alerts names programs that root will run. So neither it nor a folder on the way to it may be
writable by others: who can rename a folder can put another file in its place.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from lictor.errors import LictorError
from lictor.system import here

_OTHERS = stat.S_IWGRP | stat.S_IWOTH
# O_NONBLOCK, since the name may be a pipe that nobody feeds.
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def read_guarded(path: Path, largest: int) -> tuple[bytes, bool]:
    """The content of a file, up to ``largest`` bytes, and whether it is root's or our own.

    Raises ``LictorError`` where it cannot be read, is too large, or can be written by others than its owner.
    """
    try:
        with open(os.open(path, _OPEN), "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            found = os.fstat(file.fileno())
            refuse_writable(path, found, {0, here.own_uid(), found.st_uid})
            data = file.read(largest + 1)
    except OSError as error:
        raise LictorError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > largest:
        raise LictorError(f"{path}: the file is larger than {largest} bytes")
    return data, found.st_uid in (0, here.own_uid())


def refuse_writable(path: Path, found: os.stat_result, owners: set[int]) -> None:
    """Raise ``LictorError`` where others than these users could change a file or put another in its place."""
    if not stat.S_ISREG(found.st_mode):
        raise LictorError(f"{path}: not a plain file")
    if sys.platform == "win32":
        if not here.is_ours(path, found):
            raise LictorError(
                f"{path}: others can write it: give it an access list for SYSTEM and Administrators (icacls)"
            )
        return
    if found.st_uid not in owners:
        raise LictorError(f"{path}: another user's, who could change it: chown root")
    if found.st_mode & _OTHERS:
        raise LictorError(f"{path}: others than its owner can write it; take that away: chmod go-w")
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - not resolved: the folder of a link counts as well
    for folder in dict.fromkeys((*absolute.parents, *absolute.resolve().parents)):
        _refuse_folder(path, folder, folder.stat(), owners)


def _refuse_folder(path: Path, folder: Path, found: os.stat_result, owners: set[int]) -> None:
    # In a sticky folder such as /tmp only the owner of a file can rename it.
    open_to_others = found.st_mode & _OTHERS and not found.st_mode & stat.S_ISVTX
    if open_to_others or found.st_uid not in owners:
        raise LictorError(
            f"{path}: others can put another file in its place, since they can write to {folder}: "
            "move it to a folder that is root's alone, such as /etc/lictor"
        )
