"""What a standing worker knows of its lake, brought up to date before each question by reading only what is new.

The same two steps in the same order as ``snapshot.take``: logs first, commit records second, so that no row is missed or counted twice.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline import schema
from pipeline.lake import commits, frames, layout, rows, snapshot
from pipeline.lake.errors import LakeError

if TYPE_CHECKING:
    from pipeline.lake.segments import Segment


@dataclass
class _Log:
    """A log as far as it was read: whole frames up to ``position``."""

    inode: int
    position: int = 0
    size: int = -1
    parts: dict[str, list[pa.Table]] = field(default_factory=dict)
    damages: list[str] = field(default_factory=list)


class LakeState:
    """``segments`` of all commits that are whole, rows of logs by ``live``, and what cannot be read (``damages``).

    ``version`` grows with every change of what there is. Nothing is raised: damage is listed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.version = 0
        self._commits: dict[str, list[Segment]] = {}
        self._bad_commits: dict[str, str] = {}
        self._bad_segments: dict[str, str] = {}
        self._unchecked: list[Segment] = []
        self._logs: dict[str, _Log] = {}
        self.segments: list[Segment] = []

    @property
    def damages(self) -> list[str]:
        """One line for each thing that cannot be read."""
        logs = [line for log in self._logs.values() for line in log.damages]
        return [*logs, *self._bad_commits.values(), *self._bad_segments.values()]

    def live(self, table: str) -> list[pa.Table]:
        """Rows of a table in logs that are not sealed yet."""
        return [part for log in self._logs.values() for part in log.parts.get(table, [])]

    def refresh(self) -> None:
        """Look at what was added since the last time."""
        before = (len(self._commits), {s: log.position for s, log in self._logs.items()})
        self._read_logs()
        present = set(layout.stems(self.root / layout.COMMITS, ".json"))
        fresh = [stem for stem in sorted(present) if stem not in self._commits]
        gone = [stem for stem in self._commits if stem not in present]
        for stem in fresh:
            self._read_commit(stem)
        for stem in gone:
            del self._commits[stem]
        for stem in self._commits.keys() & self._logs.keys():
            del self._logs[stem]
        if fresh or gone:
            self.segments = [s for listed in self._commits.values() for s in listed if s.path not in self._bad_segments]
        if fresh or gone or before != (len(self._commits), {s: log.position for s, log in self._logs.items()}):
            self.version += 1

    def check_one(self) -> bool:
        """Compare one segment, of those that came last, with its SHA-256; false when all were compared."""
        if not self._unchecked:
            return False
        segment = self._unchecked.pop()
        fault = snapshot.check_content(self.root, [segment]).faults.get(segment.path)
        if fault:
            self._bad_segments[segment.path] = fault
            self.segments = [s for s in self.segments if s.path != segment.path]
            self.version += 1
        return True

    def _read_commit(self, stem: str) -> None:
        self._bad_commits.pop(stem, None)
        try:
            commit = commits.read(self.root, stem)
        except LakeError as error:
            self._bad_commits[stem] = str(error)
            self._logs.pop(stem, None)
            return
        if commit is None:
            return
        taken = snapshot.Snapshot(segments=list(commit.segments))
        snapshot.check_ends(self.root, taken)
        whole = {s.path for s in taken.segments}
        missing = [s.path for s in commit.segments if s.path not in whole]
        self._bad_segments |= dict(zip(missing, taken.damages, strict=True))
        self._commits[stem] = taken.segments
        self._unchecked += taken.segments

    def _read_logs(self) -> None:
        names = set(layout.stems(self.root / layout.WAL, ".wal"))
        for stem in self._logs.keys() - names:
            del self._logs[stem]
        for stem in sorted(names):
            self._read_log(stem)

    def _read_log(self, stem: str) -> None:
        path = layout.wal_path(self.root, stem)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # sealed and removed since it was listed: its commit record is there
            self._logs.pop(stem, None)
            return
        except OSError as error:
            self._logs[stem] = _Log(0, damages=[f"{path}: cannot be read ({error.strerror}): run as a user who may"])
            return
        try:
            status = os.fstat(fd)
            log = self._logs.get(stem)
            if log is None or log.inode != status.st_ino or status.st_size < log.position:
                log = self._logs[stem] = _Log(status.st_ino)
            if status.st_size != log.size:
                self._read_on(path, fd, status.st_size, log)
        finally:
            os.close(fd)

    @staticmethod
    def _read_on(path: Path, fd: int, size: int, log: _Log) -> None:
        """Frames behind those that were read; half a frame at the end is one that is being written."""

        def read(offset: int, length: int) -> bytes:
            return os.pread(fd, length, offset)

        log.size = size
        while log.position < size:
            position, found = frames.step(read, size, log.position, schema.TABLES)
            if isinstance(found, frames.Damage) and not found.torn:
                line = f"{path}: {found.reason} at byte {found.offset}: the next writer on this lake recovers what is whole"
                if line not in log.damages:
                    log.damages.append(line)
            elif isinstance(found, frames.Frame):
                try:
                    log.parts.setdefault(found.table, []).append(rows.tidy(found.table, found.read()))
                except (KeyError, TypeError, OSError, pa.ArrowException) as error:
                    log.damages.append(
                        f"{path}: this version cannot read its rows ({error}): ask with the version that wrote it"
                    )
            if position == log.position:
                break
            log.position = position
