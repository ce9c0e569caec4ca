"""What a follower reads of one log: frame by frame from a byte offset on, through a hard link of its own.

A log disappears when it is sealed, and its segments hold the rows in another order. The link keeps the log for the
follower that has begun it. Read with ``pread``, not mapped: a writer may cut off half a frame after a full disk.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline import schema
from pipeline.lake import frames, layout
from pipeline.lake.errors import explain
from pipeline.lake.feed_state import LOG, Place
from pipeline.lake.system import files

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    Trouble = Callable[[str, int | None], None]
    """Told of what cannot be read and how many rows it was; raises where the caller wants to stop."""

_NO_LINKS = {errno.EPERM, errno.EXDEV, errno.EOPNOTSUPP, errno.EMLINK}


def link(root: Path, folder: Path, stem: str) -> bool | None:
    """Keep a live log for this follower. ``False``: it is sealed and gone; ``None``: no hard links here.

    Raises ``LakeError``.
    """
    try:
        os.link(layout.wal_path(root, stem), kept(folder, stem))
        files.sync_folder(folder)
    except FileExistsError:
        return True
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno in _NO_LINKS:
            return None
        raise explain(error, folder, "keeping a log for a feed") from error
    return True


def kept(folder: Path, stem: str) -> Path:
    """The follower's own name of a log."""
    return folder / f"{stem}.wal"


def end(path: Path) -> Place:
    """The place behind the last whole frame. Raises ``OSError``."""
    fd = files.opened(path, os.O_RDONLY)
    try:
        return Place(LOG, frames.last_boundary(lambda o, n: files.read_at(fd, n, o), os.fstat(fd).st_size))
    finally:
        os.close(fd)


def previous(path: Path) -> str | None:
    """The chain of the writer's log before this one (hex), out of the header; ``None`` where it cannot be read."""
    fd = files.opened(path, os.O_RDONLY)
    try:
        found = frames.header(lambda o, n: files.read_at(fd, n, o), os.fstat(fd).st_size)
        return None if found is None else str(found.get("previous"))
    finally:
        os.close(fd)


def parts(
    path: Path, place: Place, tables: Collection[str], max_rows: int, trouble: Trouble
) -> Iterator[tuple[str | None, pa.Table | None, Place]]:
    """Rows from a place on, in the order of the log, each with the place behind it; ``None`` rows are progress only.

    Half a frame at the end is not there yet. Raises ``OSError``, and what ``trouble`` raises.
    """
    fd = files.opened(path, os.O_RDONLY)
    try:
        size, position, first = os.fstat(fd).st_size, place.part, place.row

        def read(offset: int, length: int) -> bytes:
            return files.read_at(fd, length, offset)

        while position < size:
            after, found = frames.step(read, size, position, tables)
            if isinstance(found, frames.Damage) and not found.torn:
                after, found = frames.step(
                    read, size, position, tables
                )  # it may have been cut and written anew meanwhile
            if isinstance(found, frames.Damage):
                if not found.torn:
                    trouble(f"{path}: {found.reason} at byte {position}", found.rows)
                if after == position:
                    return
            if isinstance(found, frames.Frame):
                yield from _slices(path, found, (position, after), first, max_rows, trouble)
            position, first = after, 0
            yield None, None, Place(LOG, position)
    finally:
        os.close(fd)


def _slices(
    path: Path, frame: frames.Frame, span: tuple[int, int], first: int, max_rows: int, trouble: Trouble
) -> Iterator[tuple[str, pa.Table, Place]]:
    """Rows of one frame, at most ``max_rows`` at a time: a writer whose disk was full writes a million at once."""
    position, after = span
    try:
        whole = frame.read()
    except (OSError, pa.ArrowException) as error:
        trouble(f"{path}: its rows cannot be read ({error}) at byte {position}", frame.rows)
        return
    unknown = set(whole.schema.names) - {c.name for c in schema.TABLES[frame.table]}
    if unknown:
        trouble(f"{path}: this version knows no column {frame.table}.{min(unknown)} at byte {position}", frame.rows)
        return
    for start in range(first, whole.num_rows, max_rows):
        rows = schema.conform(whole.slice(start, max_rows), frame.table)
        read = start + rows.num_rows
        yield frame.table, rows, Place(LOG, position, read) if read < whole.num_rows else Place(LOG, after)
