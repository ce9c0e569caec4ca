"""Where things lie in a lake, and the few ways in which files get there so that they stay.

::

    <lake>/wal/<writer>-<n>.wal                                        what is not sealed yet
    <lake>/commits/<writer>-<n>.json                                   what is: one record per sealed log
    <lake>/<table>/day=YYYY-MM-DD/host=<host>/<writer>-<n>.parquet     the rows
    <lake>/damaged/<writer>-<n>@<offset>                               bytes of a log that could not be read
    <lake>/feeds/<name>/                                               how far a follower has read

A Parquet file counts only when a commit record names it, so a half-written one is never read.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from pipeline.lake.errors import LakeError, explain
from pipeline.lake.system import files
from pipeline.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

WAL = "wal"
COMMITS = "commits"
DAMAGED = "damaged"
FEEDS = "feeds"
READABLE = (WAL, COMMITS, *TABLES)
"""Folders that a query may read; nothing else of the lake is any of its business."""

_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
_LONGEST_NAME = 200


def wal_path(root: Path, stem: str) -> Path:
    """The log file of a stem ``<writer>-<n>``."""
    return root / WAL / f"{stem}.wal"


def commit_path(root: Path, stem: str) -> Path:
    """The commit record of a log file."""
    return root / COMMITS / f"{stem}.json"


def segment_path(table: str, day: str, host: str, stem: str) -> str:
    """Path of a segment relative to the lake; ``host`` is made safe for a file name."""
    return f"{table}/day={day}/host={host_folder(host)}/{stem}.parquet"


def host_folder(host: str) -> str:
    """A host name as part of a path: percent-encoded as Hive does it, never ``..``, never too long."""
    name = quote(host, safe="").replace(".", "%2E") if not host.strip(".") else quote(host, safe="")
    if len(name) > _LONGEST_NAME:
        return f"{name[:100]}-{hashlib.sha256(host.encode()).hexdigest()[:16]}"
    return name


def prepare(root: Path) -> None:
    """Make the folders of a lake where they are missing; raises ``LakeError``."""
    try:
        for name in READABLE:
            make_folder(root / name)
    except OSError as error:
        raise explain(error, root, "opening the lake for writing") from error


def check_readable(root: Path) -> None:
    """Raise ``LakeError`` when there is no lake at ``root``; an empty folder is an empty lake."""
    try:
        names = {p.name for p in root.iterdir()}
    except OSError as error:
        raise explain(error, root, "opening the lake") from error
    if names and not names & {WAL, COMMITS}:
        raise LakeError(f"{root}: this folder is no lake (it has no {WAL}/ and no {COMMITS}/): name one with --lake")


def make_folder(path: Path) -> None:
    """Create a folder and its parents so that they outlive a power cut."""
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        path.mkdir(mode=_FOLDER_MODE)
    except FileExistsError:  # another writer was faster, or a file is in the way
        if not path.is_dir():
            raise
    files.sync_folder(path.parent)


def create(path: Path, *, exclusive: bool = False) -> int:
    """Open a new file for writing, readable by its owner only; returns the descriptor."""
    flags = os.O_RDWR | os.O_CREAT | (os.O_EXCL if exclusive else os.O_TRUNC)
    return files.opened(path, flags, _FILE_MODE)


def write_whole(path: Path, parts: Iterable[bytes]) -> None:
    """Put a small file in place at once: readers see all of it or nothing."""
    temporary = path.with_name(path.name + ".tmp")
    with os.fdopen(create(temporary), "wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())
    files.replace(temporary, path)
    files.sync_folder(path.parent)


def stems(folder: Path, suffix: str) -> list[str]:
    """Names without suffix of the files in a folder, sorted; a missing folder has none."""
    try:
        names = [p.name for p in folder.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(n.removesuffix(suffix) for n in names if n.endswith(suffix))
