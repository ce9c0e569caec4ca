"""What a standing worker knows of its lake, brought up to date before each question by reading only what is new.

The same two steps in the same order as ``snapshot.take``: logs first, commit records second, so that no row is missed or counted twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.lake import commits, layout, snapshot
from pipeline.lake.errors import LakeError
from pipeline.lake.live_logs import LiveLog

if TYPE_CHECKING:
    from pipeline.lake.segments import Segment


COMPARE_BYTES = 256 << 20
"""How much is compared with its sums when a question has failed."""


class LakeState:
    """``segments`` of all commits that are whole, rows of logs by ``live``, and what cannot be read (``damages``).

    ``version`` grows with every change of what there is. Nothing is raised: damage is listed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.version = 0
        self._commits: dict[str, Sequence[Segment]] = {}
        self._bad_commits: dict[str, str] = {}
        self._bad_segments: dict[str, tuple[Segment, str]] = {}
        self._unchecked: list[Segment] = []
        self._seen: dict[str, tuple[int, ...]] = {}
        self._whole: set[str] = set()
        self._logs: dict[str, LiveLog] = {}
        self._unreadable: list[str] = []
        self._by_table: dict[str, list[Segment]] = {}

    @property
    def segments(self) -> list[Segment]:
        """Every segment that is whole as far as is known."""
        return [s for listed in self._by_table.values() for s in listed]

    def of(self, table: str) -> Sequence[Segment]:
        """Segments of one table; the same object until they change."""
        return self._by_table.get(table, ())

    def bad(self, table: str) -> Sequence[Segment]:
        """Segments of one table that are not whole."""
        return [s for s, _ in self._bad_segments.values() if s.table == table]

    def damages(self, segments: Iterable[Segment] | None = None) -> list[str]:
        """One line for each log and record that cannot be read, and for each bad one of these segments; of all without any."""
        logs = [line for log in self._logs.values() for line in log.damages]
        paths = self._bad_segments.keys() if segments is None else dict.fromkeys(s.path for s in segments)
        return [
            *logs,
            *self._bad_commits.values(),
            *(self._bad_segments[p][1] for p in paths if p in self._bad_segments),
        ]

    def live(self, table: str) -> list[pa.Table]:
        """Rows of a table in logs that are not sealed yet, with all columns; what has not changed is the same object as before."""
        return [piece for log in self._logs.values() for piece in log.pieces.get(table, [])]

    def refresh(self) -> None:
        """Look at what was added since the last time."""
        changed = self._read_logs()
        changed |= self._read_commits()
        for stem in (self._commits.keys() | self._bad_commits.keys()) & self._logs.keys():
            del self._logs[stem]
        if changed:
            self.version += 1

    def look(self, segments: Iterable[Segment]) -> bool:
        """Whether any of these segments, or of those that were bad, has changed since it was seen: it is looked at again, and compared anew."""
        asked = [*segments, *(s for s, _ in self._bad_segments.values())]
        changed = [s for s in asked if self._seen.get(s.path) != self._state(s)]
        if changed:
            self._check_ends(changed)
        return bool(changed)

    def compare(self, segments: Iterable[Segment]) -> list[str]:
        """Look for damage where a question failed: at what has changed, and in as many bytes as take a moment, newest first."""
        asked = {s.path: s for s in segments}
        self.look(asked.values())
        whole = [s for p, s in asked.items() if p not in self._bad_segments and p not in self._whole]
        for path, fault in snapshot.check_content(self.root, whole, (), COMPARE_BYTES).faults.items():
            self._bad_segments[path] = asked[path], fault
        self._sort()
        return [self._bad_segments[p][1] for p in asked if p in self._bad_segments]

    def check_one(self) -> bool:
        """Compare one segment, of those that came last, with its SHA-256; false when all were compared."""
        if not self._unchecked:
            return False
        segment = self._unchecked.pop()
        before = self._state(segment)
        fault = snapshot.check_content(self.root, [segment]).faults.get(segment.path)
        if fault:
            self._bad_segments[segment.path] = segment, fault
            self._sort()
        elif self._seen.get(segment.path) == before:
            self._whole.add(segment.path)
        return True

    def _check_ends(self, segments: Iterable[Segment]) -> None:
        """Look at segments from outside: what is not as it should be is bad, what is may be good again."""
        listed = list(segments)
        self._seen |= {s.path: self._state(s) for s in listed}
        taken = snapshot.Snapshot(segments=listed)
        snapshot.check_ends(self.root, taken)
        good = {s.path for s in taken.segments}
        bad = [s for s in listed if s.path not in good]
        self._whole -= {s.path for s in listed}
        self._unchecked += taken.segments
        for path in good:
            self._bad_segments.pop(path, None)
        self._bad_segments |= {s.path: (s, fault) for s, fault in zip(bad, taken.damages, strict=True)}
        self._sort()

    def _state(self, segment: Segment) -> tuple[int, ...]:
        """What changes with a file."""
        try:
            status = os.stat(f"{self.root}/{segment.path}")  # noqa: PTH116 - a third of the time of a Path, for thousands of files
        except OSError as error:
            return (error.errno or 0,)
        return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def _sort(self) -> None:
        """Segments by table, after a change."""
        found: dict[str, list[Segment]] = {}
        for listed in self._commits.values():
            for segment in listed:
                if segment.path not in self._bad_segments:
                    found.setdefault(segment.table, []).append(segment)
        self._by_table = {t: self._by_table[t] if self._by_table.get(t) == found[t] else found[t] for t in found}

    def _read_commits(self) -> bool:
        """Records that came or went; returns whether any did."""
        present = set(layout.stems(self.root / layout.COMMITS, ".json"))
        gone = [stem for stem in self._commits if stem not in present]
        for stem in gone:
            del self._commits[stem]
        self._bad_commits = {s: fault for s, fault in self._bad_commits.items() if s in present}
        fresh: list[Segment] = []
        for stem in sorted(present - self._commits.keys()):
            fresh += self._read_commit(stem)
        if fresh or gone:
            self._check_ends(fresh)
        return bool(fresh or gone)

    def _read_commit(self, stem: str) -> Sequence[Segment]:
        """Segments of a new record; a damaged one is read again each time, until somebody mends it."""
        self._bad_commits.pop(stem, None)
        try:
            commit = commits.read(self.root, stem)
        except LakeError as error:
            self._bad_commits[stem] = str(error)
            return ()
        if commit is None:
            return ()
        self._commits[stem] = commit.segments
        return commit.segments

    def _read_logs(self) -> bool:
        """New bytes of all logs that are not sealed; returns whether there were any, or a log is gone."""
        there = [s for s in layout.stems(self.root / layout.WAL, ".wal") if s not in self._commits]
        changed = bool(self._logs.keys() - set(there))
        self._logs = {s: self._logs.get(s) or LiveLog(layout.wal_path(self.root, s)) for s in there}
        self._unreadable = []
        for stem, log in list(self._logs.items()):
            try:
                changed |= log.advance()
            except FileNotFoundError:  # sealed and removed since it was listed: its commit record is there
                del self._logs[stem]
                changed = True
            except OSError as error:
                self._unreadable.append(f"{log.path}: cannot be read ({error.strerror}): run as a user who may")
        return changed
