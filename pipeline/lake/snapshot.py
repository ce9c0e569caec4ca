"""What a lake holds at one moment: segments of committed logs, and rows of logs not sealed yet.

Logs are read first, commit records second. A log sealed in between is then seen twice, and its
record wins; a log removed before the first step had its record before the second. So no row is
counted twice and none is missed, without a lock. (The other order would miss a log that is
sealed and removed between the two steps.)
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.lake import commits, frames, layout, rows
from pipeline.lake.errors import LakeError
from pipeline.lake.system import files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from pipeline.lake.segments import Segment

_PARQUET_MAGIC = b"PAR1"


@dataclass
class Snapshot:
    """``segments`` that are whole, ``live`` tables of rows per table, and what could not be read, one line each."""

    segments: list[Segment] = field(default_factory=list)
    live: dict[str, list[pa.Table]] = field(default_factory=dict)
    damages: list[str] = field(default_factory=list)


@dataclass
class Checked:
    """Keys of segments found ``whole``, and ``faults``: one line per damaged segment's path."""

    whole: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def take(root: Path, tables: Collection[str]) -> Snapshot:
    """The given tables of a lake as they are now. Damage is listed, not raised."""
    result = Snapshot()
    logs = _read_logs(root, result)
    for stem in layout.stems(root / layout.COMMITS, ".json"):
        try:
            commit = commits.read(root, stem)
        except LakeError as error:
            result.damages.append(str(error))
            logs.pop(stem, None)
            continue
        if commit:
            logs.pop(stem, None)
            result.segments += [s for s in commit.segments if s.table in tables]
    for stem, log in logs.items():
        _read_live(root, stem, log, tables, result)
    check_ends(root, result)
    return result


def check_content(
    root: Path, segments: Iterable[Segment], known: Collection[str] = (), budget: int | None = None
) -> Checked:
    """Compare segments with the SHA-256 in their commit records, newest first, at most ``budget`` bytes.

    A flipped bit in a Parquet file gave another answer without an error in 56 of 60 tries, so this
    is the only way to notice. ``known`` are keys that an earlier call found whole.
    """
    chosen, left = [], budget
    for segment in sorted(segments, key=lambda s: s.path.rpartition("/")[2], reverse=True):
        key = _key(root, segment)
        if key in known or (left is not None and segment.bytes > left):
            continue
        left = None if left is None else left - segment.bytes
        chosen.append((key, segment))
    with ThreadPoolExecutor(2) as pool:
        faults = list(pool.map(lambda c: _content_fault(root, c[1]), chosen))
    result = Checked()
    for (key, segment), fault in zip(chosen, faults, strict=True):
        if fault:
            result.faults[segment.path] = fault
        else:
            result.whole.append(key)
    return result


def _read_logs(root: Path, result: Snapshot) -> dict[str, bytes]:
    logs = {}
    for stem in layout.stems(root / layout.WAL, ".wal"):
        path = layout.wal_path(root, stem)
        try:
            logs[stem] = files.read_whole(path)  # not mapped: the file may be cut by its writer after a full disk
        except FileNotFoundError:
            continue  # sealed and removed since it was listed: its commit record is there
        except OSError as error:
            result.damages.append(f"{path}: cannot be read ({error.strerror}): run as a user who may")
    return logs


def _read_live(root: Path, stem: str, log: bytes, tables: Collection[str], result: Snapshot) -> None:
    """Rows of a log up to its last whole frame; half a frame at the end is one that is being written."""
    path = layout.wal_path(root, stem)
    scan = frames.scan(pa.py_buffer(log), verify_chain=False)
    result.damages += [damaged(path, d) for d in scan.damages if not d.torn]
    for frame in scan.frames:
        if frame.table in tables:
            try:
                result.live.setdefault(frame.table, []).append(rows_of(path, frame))
            except LakeError as error:
                result.damages.append(str(error))


def damaged(path: Path, damage: frames.Damage, begin: int = 0) -> str:
    """What is wrong with a log; ``begin`` is where in it the reading began."""
    where = begin + damage.offset
    return f"{path}: {damage.reason} at byte {where}: the next writer on this lake recovers what is whole"


def rows_of(path: Path, frame: frames.Frame) -> pa.Table:
    """Tidy rows of a log's frame. Raises ``LakeError`` for one that this version cannot read."""
    try:
        return rows.tidy(frame.table, frame.read())
    except (KeyError, TypeError, OSError, pa.ArrowException) as error:
        raise LakeError(
            f"{path}: this version cannot read its rows ({error}): ask with the version that wrote it"
        ) from error


def check_ends(root: Path, result: Snapshot) -> None:
    """Leave out segments that are missing or cut: cheap enough for every query."""
    faults = {s.path: _end_fault(root, s) for s in result.segments}
    result.damages += [f for f in faults.values() if f]
    result.segments = [s for s in result.segments if not faults[s.path]]


def _end_fault(root: Path, segment: Segment) -> str | None:
    try:
        fd = files.opened(f"{root}/{segment.path}", os.O_RDONLY)  # a third of the time of a Path and a file object
        try:
            size = os.fstat(fd).st_size
            tail = files.read_at(fd, 4, max(0, size - 4))
        finally:
            os.close(fd)
    except OSError as error:
        return _fault(root / segment.path, f"cannot be read ({error.strerror})")
    if size != segment.bytes:
        return _fault(root / segment.path, f"is {size} bytes long and should be {segment.bytes}")
    return None if tail == _PARQUET_MAGIC else _fault(root / segment.path, "does not end as a Parquet file")


def _content_fault(root: Path, segment: Segment) -> str | None:
    path = root / segment.path
    try:
        with path.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest() == segment.sha256
    except OSError as error:
        return _fault(path, f"cannot be read ({error.strerror})")
    return None if whole else _fault(path, "differs from its commit record (SHA-256)")


def _fault(path: Path, what: str) -> str:
    return f"{path}: this segment {what}: restore it from a backup, or query without it (skip_damaged)"


def _key(root: Path, segment: Segment) -> str:
    """Names a file in the state in which it was checked."""
    try:
        status = (root / segment.path).stat()
    except OSError:
        return ""
    return f"{segment.path} {segment.sha256[:16]} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
